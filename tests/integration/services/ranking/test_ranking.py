"""Posts are ranked by what was made of them by the log; nothing counts of whoever is gone."""

import random
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct
from rest_framework.test import APIClient

from events.api import execute
from kit.exceptions import InvalidParameter
from nova.rest.auth import Caller, Grant
from nova.services.content.aggregates.comment import AddComment, RemoveComment
from nova.services.content.aggregates.post import ArchivePost, CreatePost, DeletePost
from nova.services.content.events import CommentAdded, CommentRemoved
from nova.services.identity.events import UserDeleted
from nova.services.ranking.models import RankedPost, Reaction
from nova.services.ranking.projections import RankingProjection
from nova.services.ranking.queries import HotPost, hot_posts
from nova.services.ranking.score import HALF_LIFE, points, score
from nova.services.social.aggregates.like import LikePost, UnlikePost
from nova.services.social.aggregates.share import SharePost
from nova.services.social.events import PostLiked, PostShared, PostUnliked
from projections.api import verify
from tests.support.feeds import at, post, removal, status
from tests.support.projections import NOON, catch_up, deleted, record

pytestmark = pytest.mark.usefixtures("committed_db")
PROJECTION = RankingProjection()


def told(*payloads: Struct) -> None:
    for payload in payloads:
        record(payload, stream="any")
    catch_up(PROJECTION)


def like(post_id: str, user_id: str = "eve") -> Struct:
    return PostLiked(post_id=post_id, user_id=user_id)


def comment(post_id: str, comment_id: str, author_id: str = "eve") -> Struct:
    return CommentAdded(comment_id=comment_id, post_id=post_id, author_id=author_id)


def share(post_id: str, sharer_id: str = "eve") -> Struct:
    return PostShared(post_id=post_id, sharer_id=sharer_id)


def order() -> list[str]:
    return [one.post_id for one in hot_posts().items]


def one(post_id: str) -> HotPost:
    (found,) = [hot for hot in hot_posts().items if hot.post_id == post_id]
    return found


def counted(post_id: str) -> tuple[int, int, int]:
    row = one(post_id)
    return row.likes, row.comments, row.shares


def test_commands_of_posts_and_reactions_make_the_ranking() -> None:
    for post_id in ("p1", "p2", "p3"):
        execute(post_id, CreatePost(author_id="ann", caption="tea"))
    execute("p1:bob", LikePost(post_id="p1", user_id="bob"))
    execute("p1:cem", LikePost(post_id="p1", user_id="cem"))
    execute("p1:cem", UnlikePost(post_id="p1", user_id="cem"))
    execute("c1", AddComment(post_id="p2", author_id="bob"))
    execute("c2", AddComment(post_id="p2", author_id="bob"))
    execute("c2", RemoveComment(removed_by="bob"))
    execute("s1", SharePost(post_id="p3", sharer_id="bob"))
    execute("s2", SharePost(post_id="p3", sharer_id="bob"))
    catch_up(PROJECTION)
    assert order() == ["p3", "p2", "p1"]
    assert (counted("p1"), counted("p2"), counted("p3")) == ((1, 0, 0), (0, 1, 0), (0, 0, 2))
    execute("p3", DeletePost())
    execute("p2", ArchivePost())
    catch_up(PROJECTION)
    assert order() == ["p1"]


def test_reactions_fade_with_the_age_of_the_post() -> None:
    minutes = int(HALF_LIFE / timedelta(minutes=1))
    told(post("old"), post("new", minute=minutes - 1), post("newest", minute=minutes + 1), like("old"))
    assert order() == ["newest", "old", "new"]
    assert (one("old").points, one("old").score) == (2, score(at(0), 2))


def test_what_is_told_twice_counts_once_but_for_shares() -> None:
    told(post(), like("p1"), like("p1"), comment("p1", "c"), comment("p1", "c"), share("p1"), share("p1"))
    assert counted("p1") == (1, 1, 2)
    told(PostUnliked(post_id="p1", user_id="eve"), PostUnliked(post_id="p1", user_id="eve"))
    assert counted("p1") == (0, 1, 2)


def test_a_post_that_is_not_published_has_no_place_and_keeps_its_reactions() -> None:
    told(post(status="draft"), like("p1"))
    assert order() == []
    told(status("p1", "published"))
    assert counted("p1") == (1, 0, 0)


def test_a_deleted_post_does_not_come_back() -> None:
    told(post(), like("p1"), removal("p1"), post(), status("p1", "published"), like("p1", "bob"))
    assert order() == []
    assert not Reaction.objects.exists()


@pytest.mark.parametrize(
    "end", [deleted("eve"), deleted("eve", soft=False), UserDeleted(user_id="eve", deleted_at=NOON)]
)
def test_with_a_user_go_posts_and_reactions_for_good(end: Struct) -> None:
    told(post("p1", "ann"), post("p2", "eve"), like("p1"), comment("p1", "c"), share("p1"), like("p1", "bob"))
    told(comment("p1", "d"), share("p1"), like("p2", "bob"), end)
    assert (order(), counted("p1")) == (["p1"], (1, 0, 0))
    told(like("p1"), post("p3", "eve"), share("p1"), like("p2", "ann"))
    assert (order(), counted("p1")) == (["p1"], (1, 0, 0))


def test_pages_follow_each_other_without_gap_or_overlap() -> None:
    told(*(post(f"p{n}") for n in range(7)), post("mine", "bob"), like("p3"))
    seen: list[str] = []
    after = None
    while True:
        page = hot_posts(after=after, limit=3)
        seen += [hot.post_id for hot in page.items]
        if (after := page.next) is None:
            break
    assert seen == ["p3", "p6", "p5", "p4", "p2", "p1", "p0", "mine"]
    assert [hot.post_id for hot in hot_posts(author_id="bob").items] == ["mine"]


def a_life(chance: random.Random) -> list[Struct]:
    """What a few users make of a few posts, of whom some leave."""
    users, posts = [f"u{n}" for n in range(5)], [f"p{n}" for n in range(4)]
    happened: list[Struct] = []
    for _ in range(120):
        user, post_id, how = chance.choice(users), chance.choice(posts), chance.random()
        comment_id = f"c{chance.randrange(6)}"
        if how < 0.03:
            happened.append(deleted(user))
        elif how < 0.05:
            happened.append(removal(post_id))
        elif how < 0.15:
            happened.append(post(post_id, user, minute=chance.randrange(500)))
        elif how < 0.2:
            happened.append(status(post_id, chance.choice(["published", "archived"])))
        elif how < 0.55:
            happened.append(chance.choice([like, share])(post_id, user))
        elif how < 0.7:
            happened.append(PostUnliked(post_id=post_id, user_id=user))
        elif how < 0.9:
            happened.append(comment(post_id, comment_id, user))
        else:
            happened.append(CommentRemoved(comment_id=comment_id, post_id=post_id, removed_by=user))
    return happened


@pytest.mark.parametrize(("seed", "limit"), [(1, 3), (2, 7), (3, 1_000), (4, 1)])
def test_the_tables_are_the_fold_of_the_log_however_it_is_cut_into_batches(seed: int, limit: int) -> None:
    for payload in a_life(random.Random(seed)):
        record(payload, stream="any")
    catch_up(PROJECTION, limit=limit)
    assert verify(PROJECTION) is None
    assert RankedPost.objects.exists()
    for row in RankedPost.objects.all():
        kinds = [reaction.kind for reaction in Reaction.objects.filter(post_id=row.post_id)]
        assert (row.likes, row.comments, row.shares) == tuple(map(kinds.count, ("like", "comment", "share")))
        is_placed = not row.is_gone and row.status == "published" and row.created_at is not None
        total = points(likes=row.likes, comments=row.comments, shares=row.shares)
        assert row.score == (score(row.created_at, total) if is_placed and row.created_at else None)


def test_a_row_that_the_log_does_not_say_is_noticed() -> None:
    told(post(), like("p1"))
    RankedPost.objects.update(likes=2)
    assert "ranking_posts" in str(verify(PROJECTION))


@pytest.mark.parametrize("after", ["", "??", "e30", "MQ", "WzFlOTk5LCJwIl0", "WzEsIlx1MDAwMCJd"])
def test_a_cursor_that_no_page_gave_is_refused(after: str) -> None:
    with pytest.raises(InvalidParameter, match="after"):
        hot_posts(after=after)


def get(scope: str = "read-models:read", **query: Any) -> Any:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(Caller(name="test"), Grant(scopes=frozenset({scope}), expires_at=None))  # type: ignore[arg-type]
    return client.get("/api/v1/ranking/posts", query)


def test_the_ranking_is_asked_over_http() -> None:
    told(post("p1"), post("p2", "bob"), like("p1"))
    first = get(limit=1).json()
    assert [(hot["post_id"], hot["likes"], hot["points"]) for hot in first["items"]] == [("p1", 1, 2)]
    assert [hot["post_id"] for hot in get(limit=1, after=first["next"]).json()["items"]] == ["p2"]
    assert [hot["post_id"] for hot in get(author_id="bob").json()["items"]] == ["p2"]
    assert get("events:read").status_code == 403
    assert (get(author_id="\0").status_code, get(limit=0).status_code, get(after="x").status_code) == (400, 400, 400)
