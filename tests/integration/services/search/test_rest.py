"""Over HTTP, messages are found within the one conversation that is named, by callers trusted with it, page by page."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from rest_framework.test import APIClient

from nova.rest.auth import Caller, Grant
from outbox.api import group_named, take_effect
from tests.integration.services.search.test_messages import message, opened
from tests.support.feeds import handle, post

pytestmark = pytest.mark.usefixtures("committed_db", "redis_url")


def get(address: str, scope: str, **query: Any) -> Any:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(Caller(name="test"), Grant(scopes=frozenset({scope}), expires_at=None))  # type: ignore[arg-type]
    return client.get(f"/api/v1/{address}", query)


def messages(**query: Any) -> Any:
    return get("search/messages", "messages:search", **query)


def test_messages_of_a_conversation_are_searched_page_by_page() -> None:
    take_effect(group_named("search-service"), [opened(), *(message(f"m{n}", minute=n) for n in range(3))])
    first = messages(q="TEA", conversation_id="c", limit=2).json()
    assert [hit["message_id"] for hit in first["items"]] == ["m2", "m1"]
    assert (first["items"][0]["sender_id"], first["items"][0]["text"]) == ("bob", "tea at noon")
    second = messages(q="TEA", conversation_id="c", limit=2, after=first["next"]).json()
    assert ([hit["message_id"] for hit in second["items"]], second["next"]) == (["m0"], None)


@pytest.mark.parametrize("scope", ["read-models:read", "events:read"])
def test_searching_messages_needs_a_scope_of_its_own(scope: str) -> None:
    assert get("search/messages", scope, q="tea", conversation_id="c").status_code == 403
    assert get("search", "messages:search", q="tea").status_code == 403


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"q": "tea"}, "conversation_id"),
        ({"q": "tea", "conversation_id": ""}, "conversation_id"),
        ({"q": "tea", "conversation_id": "\0"}, "conversation_id"),
        ({"conversation_id": "c"}, "q"),
        ({"q": " ", "conversation_id": "c"}, "q"),
        ({"q": "tea", "conversation_id": "c", "after": "x"}, "after"),
        ({"q": "tea", "conversation_id": "c", "limit": "0"}, "limit"),
    ],
)
def test_a_search_that_does_not_say_where_or_what_is_refused_by_name(query: dict[str, str], parameter: str) -> None:
    answer = messages(**query)
    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_posts_are_searched_page_by_page_newest_first() -> None:
    handle(group_named("search-service").handlers, *(post(f"p{n}", caption="tea", minute=n) for n in range(3)))
    first = get("search", "read-models:read", q="tea", order="newest", limit=2).json()
    assert [hit["id"] for hit in first["items"]] == ["p2", "p1"]
    second = get("search", "read-models:read", q="tea", order="newest", limit=2, after=first["next"]).json()
    assert ([hit["id"] for hit in second["items"]], second["next"]) == (["p0"], None)
    assert get("search", "read-models:read", q="tea", order="oldest").status_code == 400


@pytest.mark.parametrize("key", ['[1e300,"2025-01-01T00:00:00Z","p","post"]', '[1,"2025-01-01T00:00:00","p","post"]'])
def test_a_cursor_that_no_page_gave_is_refused(key: str) -> None:
    answer = get("search", "read-models:read", q="tea", after=urlsafe_b64encode(key.encode()).decode())
    assert answer.status_code == 400
