"""Users are sorted in the console by the columns that have an index: id, name and age."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from nova.services.identity.models import User

pytestmark = pytest.mark.django_db
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order", "listed"),
    [("0", ["u1", "u2", "u3"]), ("1", ["u2", "u3", "u1"]), ("-1", ["u1", "u3", "u2"]), ("-6", ["u2", "u1", "u3"])],
)
def test_columns_sort_users(operator, order, listed):
    for number, name in enumerate(["Cem", "ann", "Bob"], start=1):
        opened = NOON + timedelta(hours=number * 2 % 5)
        User.objects.create(
            user_id=f"u{number}", username=name, folded=name.lower(), created_at=opened, updated_at=NOON
        )
    page = operator.get(reverse("admin:nova_identity_user_changelist"), {"o": order})
    assert [user.user_id for user in page.context["cl"].result_list] == listed


def test_columns_without_an_index_are_not_offered_to_be_sorted(operator):
    User.objects.create(user_id="u1", username="ann", updated_at=NOON)
    html = operator.get(reverse("admin:nova_identity_user_changelist")).content.decode()
    assert set(re.findall(r'href="\?[^"]*\bo=(-?\d)', html)) >= {"1", "6"}
    assert set(re.findall(r'href="\?[^"]*\bo=-?(\d)', html)) <= {"0", "1", "6"}
