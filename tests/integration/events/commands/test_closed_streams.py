"""A closed stream's aggregate can still be looked at, and refuses commands with the stream's own word."""

import pytest

from events.api import StreamId, StreamTombstoned, aggregates, execute, load_aggregate, tombstone_stream, uuid7
from nova.services.identity.aggregates import ChangeName, CreateUser

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


def test_a_closed_aggregate_is_loaded_and_takes_no_command() -> None:
    user_id = str(uuid7())
    execute(user_id, CreateUser(email="ann@example.org", name="Ann"))
    tombstone_stream(StreamId("user", user_id), reason="left", actor="operator")

    loaded = load_aggregate(aggregates.named("user"), user_id)

    assert loaded.version == 2
    assert loaded.state.name == "Ann"
    with pytest.raises(StreamTombstoned):
        execute(user_id, ChangeName(name="Anna"))
