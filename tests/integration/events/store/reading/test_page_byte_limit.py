"""A page of large events ends early: what lies small in the store, because it is compressed, is large in memory."""

from typing import Any

import pytest
from django.test import Client

from events.api import NewEvent, StreamId, Untyped, append_events, read_log, stream_log
from events.rest.parameters import ANSWER_BYTES
from events.store.reading import replay
from events.store.reading.page_byte_limit import PAGE_BYTES, json_bytes
from events.store.reading.rows import recorded_events
from nova.rest.tokens import create_token

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")

LARGE = 890_000
MANY = 25
STREAM = StreamId("note", "big")


@pytest.fixture(autouse=True)
def _large_events(committed_db: None) -> None:
    payload = Untyped("note.taken", {"filling": "x" * LARGE})
    append_events(STREAM, 0, [NewEvent(payload=payload) for _ in range(MANY)])


@pytest.mark.parametrize(
    ("path", "where", "cursor"),
    [
        ("events", {}, "after"),
        ("streams/note/big/events", {}, "from_version"),
        ("streams/note/big/events", {"direction": "backwards"}, "from_version"),
        ("events/by-type/note.taken", {}, "beyond"),
        ("events/by-time", {"since": "2025-01-01T00:00:00Z"}, None),
    ],
)
def test_over_rest_it_goes_on_where_it_ended(path: str, where: dict[str, Any], cursor: str | None) -> None:
    token, _ = create_token("test", scopes={"events:read"})
    client = Client(headers={"Authorization": f"Bearer {token}"})
    seen: list[int] = []
    pages, last = 0, False
    while not last:
        answer = client.get(f"/api/v1/{path}", {"limit": 1_000, **where})
        assert len(answer.content) < ANSWER_BYTES + 1_000
        page, pages = answer.json(), pages + 1
        seen += [item["version"] for item in page["items"]]
        last = page["next"] is None or page["next"] == page.get("safe_position")
        where = where | ({cursor: page["next"]} if cursor else page["next"] or {})

    assert (sorted(seen), pages) == (list(range(1, MANY + 1)), MANY)


def test_followers_of_the_log_miss_nothing() -> None:
    first = read_log(0, 1_000)
    second = read_log(first.position, 1_000)
    assert len(first.events) == PAGE_BYTES // LARGE
    assert [event.version for event in (*first.events, *second.events)] == list(range(1, MANY + 1))
    assert first.position < first.safe_position == second.position


def test_a_replay_decodes_no_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = []

    def weighed(rows: Any) -> Any:
        weights.append(json_bytes(rows))
        return recorded_events(rows)

    monkeypatch.setattr(replay, "recorded_events", weighed)
    assert [event.version for event in stream_log()] == list(range(1, MANY + 1))
    assert sum(weights) > MANY * LARGE
    assert max(weights) <= PAGE_BYTES
