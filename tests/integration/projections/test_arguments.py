"""Arguments at the edge: projections refuse what the database would refuse, and name it."""

import pytest
from django.db import connection, transaction

from projections.api import InvalidArgument, check_limit, check_text, register_projections, run_pass
from tests.support.projections import Recording

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("limit", [0, -1, 2**63, "1"])
def test_a_pass_takes_one_event_or_more_and_a_transaction_goes_on(limit):
    with transaction.atomic():
        with pytest.raises(InvalidArgument, match="limit"):
            run_pass(Recording(), limit=limit)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")


@pytest.mark.parametrize("name", ["", "a\0", "\ud800", "a" * 101])
def test_a_projection_has_a_name_that_its_checkpoint_can_have(name):
    with pytest.raises(InvalidArgument, match="name"):
        register_projections(Recording(name))


def test_pages_and_texts_are_refused_with_the_same_error():
    with pytest.raises(InvalidArgument, match="limit"):
        check_limit(201)
    with pytest.raises(InvalidArgument, match="q"):
        check_text("\ud800", parameter="q")
