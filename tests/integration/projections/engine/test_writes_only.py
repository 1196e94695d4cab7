"""A projection that only writes sends the statements of many events at once, and fails at the same event as others."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from events.envelope import RecordedEvent
from kit.postgresql import pipeline
from nova.services.identity.events import IdentityUserCreated
from projections.definition import projection
from projections.definition.policy import OnError, Policy
from projections.definition.projection import Projection
from projections.engine.engine import Outcome, run_pass
from projections.models import SkippedEvent
from tests.support.database import rows
from tests.support.projections import created, record

pytestmark = pytest.mark.django_db

USERS = [f"user-{number:03}" for number in range(50)]
UNWANTED = USERS[20]


class Names(Projection):
    """Keeps names by a statement for each event; one of them the table does not take."""

    name = "names"
    event_types = frozenset({"identity.user.created"})
    models = ()
    writes_only = True
    policy = Policy(on_error=OnError.SKIP, retries=0)

    def apply(self, event: RecordedEvent) -> None:
        """Write the name."""
        assert isinstance(event.payload, IdentityUserCreated)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO names VALUES (%s)", [event.payload.user_id])


@pytest.fixture(autouse=True)
def names(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE names (name text PRIMARY KEY CHECK (name <> '{UNWANTED}'))")


def stored() -> list[str]:
    return [name for (name,) in rows("SELECT name FROM names ORDER BY name")]


def test_statements_of_many_events_are_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = []

    @contextmanager
    def noting() -> Iterator[None]:
        entered.append(True)
        with pipeline.pipelined():
            yield

    monkeypatch.setattr(projection, "pipelined", noting)
    wanted = [name for name in USERS if name != UNWANTED]
    for name in wanted:
        record(created(name))

    assert run_pass(Names(), limit=1_000).applied == len(wanted)
    assert stored() == wanted
    assert len(entered) == 1


def test_one_that_fails_among_many_is_left_behind_alone() -> None:
    for name in USERS:
        record(created(name))

    while run_pass(Names(), limit=1_000).outcome is Outcome.ADVANCED:
        pass

    assert stored() == [name for name in USERS if name != UNWANTED]
    (skipped,) = SkippedEvent.objects.all()
    assert "IntegrityError" in skipped.error
    assert "names_name_check" in skipped.error
