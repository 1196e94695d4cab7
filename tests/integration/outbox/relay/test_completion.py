"""Completion: what was published is published once, although the database takes no writes for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from outbox.api import MemoryBus
from outbox.models import OutboxEvent
from outbox.recorder import SHARDS
from outbox.relay.completion import Completion
from outbox.relay.relay import PassResult, relay_connection, relay_pass
from outbox.relay.runner import RelayRunner, RelaySettings
from tests.support.database import scalar
from tests.support.outbox import eventually, hosted, states, take_notes
from tests.support.relay_passes import LATER, in_published_order
from tests.support.sessions import become_a_reader, execute, failed_over_to_a_reader

pytestmark = pytest.mark.usefixtures("recording", "prefix")

SEVERAL = 3


@contextmanager
def rows_that_refuse_changes(sqlstate: str) -> Iterator[None]:
    """A full disk, a missing right, a faulty trigger: rows can be read and not be marked."""
    execute(
        connection,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{sqlstate}'; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE ON outbox_events FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
    )
    try:
        yield
    finally:
        connection.close()
        execute(connection, "DROP FUNCTION refuse CASCADE")


def is_published() -> bool:
    return set(states().values()) == {"published"}


@pytest.fixture
def relay_settings(redis_url: str) -> RelaySettings:
    return RelaySettings(batch=10, policies=LATER, redis_url=redis_url)


def test_nothing_is_published_that_could_not_be_marked(
    own: BaseDatabaseWrapper, relay: Callable[..., PassResult]
) -> None:
    bus = MemoryBus()
    take_notes("a", 1)
    become_a_reader(own)

    with pytest.raises(OperationalError):
        relay(bus)

    assert bus.published == []
    assert states() == {("a", 1): "pending"}


def test_a_relay_waits_for_a_database_that_only_reads_and_publishes_once(relay_settings: RelaySettings) -> None:
    bus = MemoryBus()
    relay = RelayRunner(bus, relay_settings)
    take_notes("a", 1, 2)

    with hosted(relay):
        eventually(is_published)
        take_notes("a", 3)
        eventually(is_published)
        with failed_over_to_a_reader():
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = off")
            take_notes("a", 4, 5)
            eventually(lambda: relay._losses > SEVERAL)
            during = in_published_order(bus)
        eventually(is_published)

    assert during == [1, 2, 3]
    assert in_published_order(bus) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("sqlstate", ["53100", "25006", "42501"])
def test_a_batch_that_cannot_be_marked_is_published_once(relay_settings: RelaySettings, sqlstate: str) -> None:
    bus = MemoryBus()
    relay = RelayRunner(bus, relay_settings)
    take_notes("a", 1, 2)

    with hosted(relay):
        with rows_that_refuse_changes(sqlstate):
            eventually(lambda: relay._losses > SEVERAL)
            assert set(states().values()) == {"pending"}
        eventually(is_published)

    assert in_published_order(bus) == [1, 2]


def test_what_operators_and_other_relays_did_meanwhile_stands(own: BaseDatabaseWrapper) -> None:
    bus, completion = MemoryBus(), Completion()
    take_notes("a", 1, 2, 3, 4)
    with rows_that_refuse_changes("53100"), pytest.raises(OperationalError):
        relay_pass(own, bus, shards=range(SHARDS), limit=10, policies=LATER, completion=completion)
    execute(
        connection,
        "UPDATE outbox_events SET topic = 'elsewhere' WHERE version = 1",
        "UPDATE outbox_events SET discarded_at = now() WHERE version = 2",
        "UPDATE outbox_events SET published = true, published_at = '2025-01-15' WHERE version = 3",
    )

    with relay_connection() as again:
        completion.catch_up(again)

    assert states() == {("a", 1): "pending", ("a", 2): "discarded", ("a", 3): "published", ("a", 4): "published"}
    assert scalar("SELECT published_at::date::text FROM outbox_events WHERE version = 3") == "2025-01-15"
    assert OutboxEvent.objects.get(version=4).published_at is not None
