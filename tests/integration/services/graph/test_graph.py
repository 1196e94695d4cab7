"""The graph is who follows whom by the log, with counts that fit, and without anybody who is gone."""

import random
from collections import Counter
from typing import Any

import pytest
from msgspec import Struct
from rest_framework.test import APIClient

from events.api import NewEvent, StreamId, append_events, execute
from kit.exceptions import InvalidParameter
from nova.rest.auth import Caller, Grant
from nova.services.graph.models import Follow, Person
from nova.services.graph.projections import FollowGraphProjection
from nova.services.graph.queries import followers, following, graph_counts, mutual_follows, suggestions
from nova.services.identity.events import UserDeleted
from nova.services.social.aggregates.follow import FollowUser, UnfollowUser
from nova.services.social.events import UserFollowed, UserUnfollowed
from projections.api import verify
from tests.support.projections import NOON, catch_up, deleted, record

pytestmark = pytest.mark.usefixtures("committed_db")
PROJECTION = FollowGraphProjection()


def follows(follower: str, *followed: str) -> list[Struct]:
    return [UserFollowed(follower_id=follower, followed_id=one) for one in followed]


def leaves(follower: str, followed: str) -> Struct:
    return UserUnfollowed(follower_id=follower, followed_id=followed)


def told(*payloads: Struct) -> None:
    for payload in payloads:
        record(payload, stream="any")
    catch_up(PROJECTION)


def ids(page: Any) -> list[str]:
    return [one.user_id for one in page.items]


def counts(user_id: str) -> tuple[int, int]:
    found = graph_counts(user_id)
    return found.followers, found.following


def test_commands_of_follows_make_the_graph() -> None:
    execute("ann:bob", FollowUser(follower_id="ann", followed_id="bob"))
    execute("cem:bob", FollowUser(follower_id="cem", followed_id="bob"))
    execute("ann:bob", UnfollowUser(follower_id="ann", followed_id="bob"))
    catch_up(PROJECTION)
    assert (ids(followers("bob")), ids(following("cem")), ids(following("ann"))) == (["cem"], ["bob"], [])
    assert (counts("bob"), counts("cem"), counts("ann")) == ((1, 0), (0, 1), (0, 0))


def test_the_latest_come_first_or_the_earliest() -> None:
    told(*follows("bob", "ann"), *follows("cem", "ann"), *follows("dan", "ann"))
    assert ids(followers("ann")) == ["dan", "cem", "bob"]
    assert ids(followers("ann", order="oldest")) == ["bob", "cem", "dan"]
    told(*follows("ann", "x", "y"))
    assert (ids(following("ann")), ids(following("ann", order="oldest"))) == (["y", "x"], ["x", "y"])


def test_what_is_told_twice_counts_once_and_a_new_beginning_anew() -> None:
    told(*follows("bob", "ann"), *follows("cem", "ann"), *follows("bob", "ann"), leaves("eve", "ann"))
    assert (counts("ann"), ids(followers("ann"))) == ((2, 0), ["cem", "bob"])
    told(leaves("bob", "ann"), *follows("bob", "ann"))
    assert (counts("ann"), ids(followers("ann"))) == ((2, 0), ["bob", "cem"])


def test_nobody_follows_themselves() -> None:
    told(*follows("ann", "ann"))
    assert (counts("ann"), ids(followers("ann"))) == ((0, 0), [])


@pytest.mark.parametrize(
    "end", [deleted("ann"), deleted("ann", soft=False), UserDeleted(user_id="ann", deleted_at=NOON)]
)
def test_who_is_deleted_is_gone_from_the_graph_for_good(end: Struct) -> None:
    told(*follows("ann", "bob", "cem"), *follows("bob", "ann", "cem"), end)
    told(*follows("ann", "dan"), *follows("dan", "ann"))
    assert (counts("ann"), counts("bob"), counts("cem"), counts("dan")) == ((0, 0), (0, 1), (1, 0), (0, 0))
    assert (ids(followers("ann")), ids(following("ann")), ids(followers("bob"))) == ([], [], [])
    assert ids(suggestions("dan")) == []


def test_those_who_follow_each_other_are_found() -> None:
    told(*follows("ann", "bob", "cem", "dan"), *follows("bob", "ann"), *follows("dan", "ann"), *follows("eve", "ann"))
    assert ids(mutual_follows("ann")) == ["bob", "dan"]
    assert ids(mutual_follows("ann", limit=1)) == ["bob"]
    assert ids(mutual_follows("ann", limit=1, after=mutual_follows("ann", limit=1).next)) == ["dan"]


def test_people_are_suggested_whom_most_of_the_followed_follow() -> None:
    told(*follows("ann", "b", "c"), *follows("b", "x", "y", "ann"), *follows("c", "x", "b"), *follows("x", "far"))
    assert [(one.user_id, one.common) for one in suggestions("ann").items] == [("x", 2), ("y", 1)]
    first = suggestions("ann", limit=1)
    assert ids(suggestions("ann", limit=1, after=first.next)) == ["y"]


def test_suggestions_look_at_a_bounded_number_of_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nova.services.graph.queries.MAX_FOLLOWED", 1)
    monkeypatch.setattr("nova.services.graph.queries.MAX_EACH", 2)
    told(*follows("ann", "old", "new"), *follows("old", "x"), *follows("new", "u", "v", "w"))
    assert sorted(ids(suggestions("ann"))) == ["v", "w"]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_follow_each_other_without_gap_or_overlap(order: str) -> None:
    append_events(
        StreamId("user", "any"),
        -1,
        [NewEvent(payload=one, timestamp=NOON) for n in range(7) for one in follows(f"f{n}", "ann")],
    )
    catch_up(PROJECTION)
    seen: list[str] = []
    after = None
    while True:
        page = followers("ann", order=order, after=after, limit=3)
        seen += ids(page)
        if (after := page.next) is None:
            break
    whole = [f"f{n}" for n in range(7)]
    assert seen == (whole if order == "oldest" else whole[::-1])


def a_life(chance: random.Random) -> list[Struct]:
    """What a few people do, of whom some leave."""
    people = [f"p{number}" for number in range(7)]
    happened: list[Struct] = []
    for _ in range(80):
        one, other = chance.choice(people), chance.choice(people)
        how = chance.random()
        if how < 0.05:
            happened.append(deleted(one, soft=how < 0.02))
        else:
            happened += follows(one, other) if how < 0.7 else [leaves(one, other)]
    return happened


@pytest.mark.parametrize(("seed", "limit"), [(1, 3), (2, 7), (3, 1_000), (4, 1)])
def test_the_tables_are_the_fold_of_the_log_however_it_is_cut_into_batches(seed: int, limit: int) -> None:
    happened = a_life(random.Random(seed))
    for payload in happened:
        record(payload, stream="any")
    catch_up(PROJECTION, limit=limit)
    assert verify(PROJECTION) is None
    pairs = list(Follow.objects.values_list("follower_id", "followed_id"))
    people = {one.user_id: (one.followers, one.following) for one in Person.objects.all()}
    followed, follower = Counter(two for _, two in pairs), Counter(one for one, _ in pairs)
    assert people == {user_id: (followed[user_id], follower[user_id]) for user_id in people}
    assert {*followed, *follower} <= people.keys()


def test_a_row_that_the_log_does_not_say_is_noticed() -> None:
    told(*follows("ann", "bob"), deleted("cem"))
    assert verify(PROJECTION) is None
    Follow.objects.create(follower_id="cem", followed_id="bob", since=NOON)
    assert "graph_follows" in str(verify(PROJECTION))


@pytest.mark.parametrize("after", ["", "??", "e30", "MQ", "WyIyMDI1LTAxLTAxVDAwOjAwOjAwWiIsIlx1MDAwMCJd"])
def test_a_cursor_that_no_page_gave_is_refused(after: str) -> None:
    for query in (followers, following, suggestions):
        with pytest.raises(InvalidParameter, match="after"):
            query("ann", after=after)


def get(address: str, scope: str = "read-models:read", **query: Any) -> Any:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(Caller(name="test"), Grant(scopes=frozenset({scope}), expires_at=None))  # type: ignore[arg-type]
    return client.get(f"/api/v1/graph/{address}", query)


def test_the_graph_is_asked_over_http() -> None:
    told(*follows("a/b c", "bob", "x"), *follows("bob", "a/b c", "dan"))
    assert get("counts/a%2Fb%20c").json() == {"user_id": "a/b c", "followers": 1, "following": 2}
    first = get("following/a%2Fb%20c", limit=1).json()
    assert [one["user_id"] for one in first["items"]] == ["x"]
    assert [one["user_id"] for one in get("following/a%2Fb%20c", after=first["next"]).json()["items"]] == ["bob"]
    assert [one["user_id"] for one in get("followers/x", order="oldest").json()["items"]] == ["a/b c"]
    assert get("mutual/bob").json() == {"items": [{"user_id": "a/b c"}], "next": None}
    assert get("suggestions/a%2Fb%20c").json()["items"] == [{"user_id": "dan", "common": 1}]
    assert get("followers/nobody").json() == {"items": [], "next": None}


@pytest.mark.parametrize("what", ["counts", "followers", "following", "mutual", "suggestions"])
def test_the_graph_needs_its_scope_and_sound_parameters(what: str) -> None:
    assert get(f"{what}/ann", "events:read").status_code == 403
    assert get(f"{what}/a%00b").status_code == 400
    assert what == "counts" or get(f"{what}/ann", limit=0).status_code == 400
