"""Read models are queried over HTTP; whatever is asked wrongly is answered by name, and nothing ends in a 5xx (I12)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from nova.services.identity.projections import UsersProjection
from outbox.api import ConsumerGroup, group_named, take_effect
from tests.support.callers import client_with
from tests.support.feeds import follow, handle, named, post, received
from tests.support.projections import catch_up, created, record

pytestmark = [
    pytest.mark.usefixtures("committed_db", "redis_url"),
]
ADDRESSES = (
    "users",
    "users/ann",
    "feeds/bob",
    "posts/p1",
    "content/posts",
    "content/posts/p1",
    "content/comments?post_id=p1",
    "search?q=hello",
    "analytics/events",
    "analytics/days",
    "analytics/hours",
    "analytics/users",
    "materialised-views",
    "projections",
    "projections/users",
)


@pytest.fixture
def api() -> APIClient:
    return client_with("read-models:read")


def get(api: APIClient, address: str, **query: Any) -> Any:
    answer = api.get(f"/api/v1/{address}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("address", ADDRESSES)
def test_reading_needs_the_scope(address):
    assert client_with("events:read").get(f"/api/v1/{address}").status_code == 403
    assert APIClient().get(f"/api/v1/{address}").status_code == 401


def test_users_are_listed_page_by_page_searched_and_got(api):
    for name in ("ann", "bob", "cem"):
        record(created(name))
    catch_up(UsersProjection())
    first = get(api, "users", limit=2)
    assert [user["user_id"] for user in first["items"]] == ["ann", "bob"]
    second = get(api, "users", limit=2, after=first["next"])
    assert ([user["user_id"] for user in second["items"]], second["next"]) == (["cem"], None)
    assert [user["user_id"] for user in get(api, "users", search="BOB@")["items"]] == ["bob"]
    assert [user["user_id"] for user in get(api, "users", status="inactive")["items"]] == []
    assert get(api, "users/ann")["email"] == "ann@example.org"


def test_a_feed_is_read_page_by_page_and_its_posts_are_got(api):
    handle(
        group_named("feed-service").handlers,
        named("ann", "Ann"),
        follow("bob"),
        *[post(f"p{n}", minute=n) for n in range(3)],
    )
    first = get(api, "feeds/bob", limit=2)
    assert [(item["post_id"], item["author_name"]) for item in first["items"]] == [("p2", "Ann"), ("p1", "Ann")]
    second = get(api, "feeds/bob", limit=2, after=first["next"])
    assert ([item["post_id"] for item in second["items"]], second["next"]) == (["p0"], None)
    assert get(api, "posts/p1")["caption"] == "caption of p1"


def test_an_id_may_hold_any_character(api):
    handle(group_named("feed-service").handlers, follow("b/o b?"), post("p/1 ü"))
    assert [item["post_id"] for item in get(api, "feeds/b%2Fo%20b%3F")["items"]] == ["p/1 ü"]
    assert get(api, "posts/p%2F1%20%C3%BC")["post_id"] == "p/1 ü"


def test_words_are_searched(api):
    handle(group_named("search-service").handlers, post("p1", caption="hello world"))
    assert [hit["id"] for hit in get(api, "search", q="World", kind="post")["items"]] == ["p1"]


def test_events_are_counted(api):
    group = ConsumerGroup(name="analytics-service", topics=["any"], handlers=group_named("analytics-service").handlers)
    take_effect(group, [received(post()), received(post())])
    answer = get(api, "analytics/events", **{"from": "2025-03-01", "to": "2025-03-01"})
    assert answer["items"] == [{"day": "2025-03-01", "event_type": "content.post.created", "count": 2}]
    assert answer["totals"] == {"content.post.created": 2}


def test_hours_are_counted_by_type_and_time(api):
    group = ConsumerGroup(name="analytics-service", topics=["any"], handlers=group_named("analytics-service").handlers)
    take_effect(group, [received(post()), received(post()), received(follow("bob"))])
    (hour,) = {row["hour"] for row in get(api, "analytics/hours")["items"]}
    first = get(api, "analytics/hours", limit=1)
    assert first["items"] == [{"hour": hour, "event_type": "content.post.created", "count": 2}]
    second = get(api, "analytics/hours", limit=1, after=first["next"])
    assert (second["items"], second["next"]) == ([{"hour": hour, "event_type": "user.followed", "count": 1}], None)
    assert get(api, "analytics/hours", type="user.followed")["items"] == second["items"]
    assert len(get(api, "analytics/hours", **{"from": hour, "to": "2026-01-01T00:00:00Z"})["items"]) == 2
    assert get(api, "analytics/hours", to=hour)["items"] == []


def test_projections_are_shown_with_their_lag(api):
    record(created())
    (status,) = [item for item in get(api, "projections")["items"] if item["name"] == "users"]
    assert (status["status"], status["position"], status["lag"]["events"]) == ("running", 0, 1)
    catch_up(UsersProjection())
    assert get(api, "projections/users")["lag"] == {"events": 0, "seconds": 0.0}


@pytest.mark.parametrize("address", ["users/nobody", "posts/none", "projections/none"])
def test_what_is_not_there_is_not_found(api, address):
    assert api.get(f"/api/v1/{address}").status_code == 404


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("users?limit=0", "limit"),
        ("users?limit=201", "limit"),
        ("users?limit=ten", "limit"),
        ("users?limit=%D9%A3", "limit"),
        ("users?after=x", "after"),
        ("users?search=%00", "search"),
        ("users?serach=ann", "serach"),
        ("users?order=oldest", "order"),
        ("users?order=name&after=ImFubiI", "after"),
        ("users/a%00b", "user_id"),
        ("feeds/bob?after=%C3%A4", "after"),
        ("feeds/a%00b", "user_id"),
        ("posts/a%00b", "post_id"),
        ("search", "q"),
        ("search?q=%00", "q"),
        ("search?q=a&kind=cat", "kind"),
        ("analytics/events?from=yesterday", "from"),
        ("analytics/events?to=2025-02-30", "to"),
        ("analytics/events?from=2025-02-02&to=2025-02-01", "from"),
        ("analytics/events?after=W10", "after"),
        ("analytics/hours?from=2025-02-02", "from"),
        ("analytics/hours?to=2025-02-02T10:00:00", "to"),
        ("analytics/hours?from=2025-02-02T00:00:00Z&to=2025-02-01T00:00:00Z", "from"),
        ("analytics/hours?type=%00", "type"),
        ("analytics/hours?after=W10", "after"),
        ("projections?limit=1", "limit"),
    ],
)
def test_a_wrong_parameter_is_named(api, address, parameter):
    answer = api.get(f"/api/v1/{address}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    address=st.sampled_from([address.split("?")[0] for address in ADDRESSES]),
    query=st.dictionaries(
        st.sampled_from(["q", "kind", "search", "after", "limit", "from", "to", "author_id", "post_id", "order"]),
        st.text(max_size=12),
        max_size=3,
    ),
)
def test_no_query_ends_in_a_fault_of_ours(api, address, query):
    assert api.get(f"/api/v1/{address}", query).status_code < 500
