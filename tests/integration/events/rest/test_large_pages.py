"""Pages of large events are short, and whoever follows them sees every event once."""

from collections.abc import Iterator
from typing import Any

import pytest

from events.api import StreamId, append_events
from events.rest.parameters import ANSWER_BYTES
from nova.rest.tokens import create_token
from tests.support.callers import bearer
from tests.support.events import new_event

STREAM = "/api/v1/streams/post/1/events"
# More than are read from the database at a time, and more bytes than one answer has.
NUMBER, BYTES = 300, 12_000
ENVELOPE = 1_000


def pages(caller: Any, address: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The items of each page, as far as `next` leads."""
    name = query.pop("name")
    while True:
        response = caller.get(address, {"limit": 1_000, **query})
        assert response.status_code == 200
        answer = response.json()
        assert len(response.content) < ANSWER_BYTES + ENVELOPE * len(answer["items"])
        if answer["items"]:
            yield answer["items"]
        if answer["next"] is None or not answer["items"]:
            return
        query |= answer["next"] if isinstance(answer["next"], dict) else {name: answer["next"]}


ADDRESSES = [
    (STREAM, {"name": "from_version"}, 1),
    (STREAM, {"name": "from_version", "direction": "backwards"}, -1),
    ("/api/v1/events", {"name": "after"}, 1),
    ("/api/v1/events/by-type/content.post.created", {"name": "beyond", "direction": "forwards"}, 1),
    ("/api/v1/events/by-type/content.post.created", {"name": "beyond"}, -1),
    ("/api/v1/events/by-time", {"name": "after", "since": "2000-01-01T00:00:00Z"}, 1),
]


@pytest.mark.parametrize(("size", "least", "most"), [(BYTES, 3, 6), (10, 1, 2)], ids=["large", "small"])
@pytest.mark.usefixtures("committed_db", "redis_url")
def test_every_event_is_seen_once_on_pages_of_bounded_bytes(size: int, least: int, most: int) -> None:
    caller = bearer(create_token("reader", scopes=["events:read"])[0])
    append_events(StreamId("post", "1"), 0, [new_event("x" * size) for _ in range(NUMBER)])
    for address, query, step in ADDRESSES:
        seen = list(pages(caller, address, **query))
        assert least <= len(seen) <= most, address
        assert [item["version"] for page in seen for item in page] == list(range(1, NUMBER + 1))[::step], address
