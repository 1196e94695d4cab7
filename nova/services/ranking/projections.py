"""Ranking projection: posts, the reactions to them and their scores.

The log is the authority: events count in its order. A post has a place while it is published; a deletion is final. With
a user who is deleted, for good or not, go the posts and all reactions, and nothing of theirs counts that is told later.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, ClassVar

import msgspec
from django.db import connection
from django.db.models import Model
from msgspec import Struct, field

from events.envelope import RecordedEvent
from nova.services.content.events import (
    CommentAdded,
    CommentRemoved,
    ContentPostCreated,
    ContentPostDeleted,
    ContentPostStatusUpdated,
)
from nova.services.identity.events import IdentityUserDeleted, UserDeleted
from nova.services.ranking.models import FormerUser, RankedPost, Reaction
from nova.services.ranking.score import points, score
from nova.services.ranking.sql.statements import statement
from nova.services.social.events import PostLiked, PostShared, PostUnliked
from nova.services.timestamps import utc
from projections.api import Projection, UnexpectedPayload, register_projections

Kind = Reaction.Kind
COUNTS = {Kind.LIKE: "likes", Kind.COMMENT: "comments", Kind.SHARE: "shares"}
ReactionKey = tuple[str, str, str]
"""Post, kind and reaction."""


class PostRow(Struct, kw_only=True):
    """A row of `ranking_posts` while events change it; the columns are explained in `models`."""

    post_id: str
    author_id: str = ""
    status: str = ""
    created_at: datetime | None = None
    is_gone: bool = False
    likes: int = 0
    comments: int = 0
    shares: int = 0
    score: float | None = None

    def count(self, kind: str, change: int) -> None:
        """Add to how many reactions of a kind there are."""
        name = COUNTS[Kind(kind)]
        setattr(self, name, getattr(self, name) + change)

    def end(self) -> None:
        """Take the post out for good, and forget what was made of it."""
        self.is_gone = True
        self.likes = self.comments = self.shares = 0

    def place(self) -> None:
        """Give the post its score, or none."""
        total = points(likes=self.likes, comments=self.comments, shares=self.shares)
        is_placed = not self.is_gone and self.status == "published" and self.created_at is not None
        self.score = score(self.created_at, total) if is_placed and self.created_at else None


class RankingProjection(Projection):
    """Keeps the tables of the ranking: what comes between two deletions of users is read, folded, written at once."""

    name = "ranking"
    version = 1
    event_types = frozenset(
        {
            "content.post.created",
            "content.post.status_updated",
            "content.post.deleted",
            "post.liked",
            "post.unliked",
            "post.shared",
            "comment.added",
            "comment.removed",
            "identity.user.deleted",
            "user.deleted",
        }
    )
    models: ClassVar[tuple[type[Model], ...]] = (RankedPost, Reaction, FormerUser)

    def apply(self, event: RecordedEvent) -> None:
        """Change the tables as one event says."""
        self.apply_batch([event])

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the tables as the events say, in their order."""
        for deleted, some in groupby(events, key=_deleted_user):
            if deleted is None:
                _Part.of(list(some)).apply()
            else:
                _forget(deleted)


class _Part(Struct, kw_only=True):
    """Events of posts and reactions, and the rows that they change."""

    events: Sequence[RecordedEvent]
    former: frozenset[str]
    posts: dict[str, PostRow]
    before: frozenset[ReactionKey]
    after: dict[ReactionKey, str] = field(default_factory=dict)
    """Those that are there now, and whose they are; of those before, nobody asks."""

    @classmethod
    def of(cls, events: Sequence[RecordedEvent]) -> "_Part":
        keys = sorted({key for event in events if (key := _reaction_key(event))})
        before = frozenset(_rows("reactions", reactions=_json(keys))) if keys else frozenset()
        user_ids = sorted({user_id for event in events if (user_id := _user(event))})
        return cls(
            events=events,
            former=frozenset(user_id for (user_id,) in _rows("former", user_ids=user_ids)),
            posts=_posts({_post_id(event) for event in events}),
            before=before,
            after=dict.fromkeys(before, ""),
        )

    def apply(self) -> None:
        """Fold the events, and write what has changed."""
        ended = [post_id for event in self.events if (post_id := self._fold(event)) is not None]
        if ended:
            _execute("remove_reactions_to", post_ids=sorted(set(ended)))
        there = {key: user_id for key, user_id in self.after.items() if not self.posts[key[0]].is_gone}
        if removed := sorted(self.before - there.keys()):
            _execute("remove_reactions", reactions=_json(removed))
        if added := sorted((*key, there[key]) for key in there.keys() - self.before):
            _execute("add_reactions", reactions=_json(added))
        _write(self.posts.values())

    def _fold(self, event: RecordedEvent) -> str | None:
        """Fold one event; the post's id where that has ended it."""
        post = self.posts[_post_id(event)]
        key = _reaction_key(event)
        if post.is_gone:
            return None
        match event.payload:
            case ContentPostCreated() as created:
                post.author_id = created.user_id
                post.created_at = post.created_at or utc(created.created_at)
                post.status = post.status or created.status
                if created.user_id in self.former:
                    post.end()
                    return post.post_id
            case ContentPostStatusUpdated(new_status=status):
                post.status = status
            case ContentPostDeleted():
                post.end()
                return post.post_id
            case PostUnliked() | CommentRemoved() if key is not None and key in self.after:
                del self.after[key]
                post.count(key[1], -1)
            case PostLiked(user_id=user) | CommentAdded(author_id=user) | PostShared(sharer_id=user):
                if key is not None and key not in self.after and user not in self.former:
                    self.after[key] = user
                    post.count(key[1], 1)
        return None


def _forget(user_id: str) -> None:
    """Take a user's posts and reactions out, for good."""
    _execute("forget", user_id=user_id)
    reactions = _rows("remove_reactions_of", user_id=user_id)
    own = [post_id for (post_id,) in _rows("posts_of", user_id=user_id)]
    posts = _posts({*own, *(post_id for post_id, _, _ in reactions)})
    for post_id, kind, number in reactions:
        posts[post_id].count(kind, -number)
    for post_id in own:
        posts[post_id].end()
    _execute("remove_reactions_to", post_ids=own)
    _write(posts.values())


def _deleted_user(event: RecordedEvent) -> str | None:
    match event.payload:
        case IdentityUserDeleted(user_id=user_id) | UserDeleted(user_id=user_id):
            return user_id
        case _:
            return None


def _post_id(event: RecordedEvent) -> str:
    """The post that the event speaks of. Raises `UnexpectedPayload` for a payload that is none of the projection's."""
    match event.payload:
        case (
            ContentPostCreated(post_id=post_id)
            | ContentPostStatusUpdated(post_id=post_id)
            | ContentPostDeleted(post_id=post_id)
            | PostLiked(post_id=post_id)
            | PostUnliked(post_id=post_id)
            | PostShared(post_id=post_id)
            | CommentAdded(post_id=post_id)
            | CommentRemoved(post_id=post_id)
        ):
            return post_id
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def _reaction_key(event: RecordedEvent) -> ReactionKey | None:
    match event.payload:
        case PostLiked(post_id=post_id, user_id=user_id) | PostUnliked(post_id=post_id, user_id=user_id):
            return post_id, Kind.LIKE.value, user_id
        case (
            CommentAdded(post_id=post_id, comment_id=comment_id)
            | CommentRemoved(post_id=post_id, comment_id=comment_id)
        ):
            return post_id, Kind.COMMENT.value, comment_id
        case PostShared(post_id=post_id):
            return post_id, Kind.SHARE.value, str(event.event_id)
        case _:
            return None


def _user(event: RecordedEvent) -> str | None:
    """Who wrote the post or reacted."""
    match event.payload:
        case (
            ContentPostCreated(user_id=user_id)
            | PostLiked(user_id=user_id)
            | CommentAdded(author_id=user_id)
            | PostShared(sharer_id=user_id)
        ):
            return user_id
        case _:
            return None


def _posts(post_ids: Collection[str]) -> dict[str, PostRow]:
    """Posts as the table has them, and those that it does not have."""
    found = {row[0]: PostRow(**dict(zip(COLUMNS, row, strict=True))) for row in _rows("posts", post_ids=list(post_ids))}
    return {post_id: found.get(post_id) or PostRow(post_id=post_id) for post_id in post_ids}


def _write(posts: Iterable[PostRow]) -> None:
    changed = sorted(posts, key=lambda post: post.post_id)
    for post in changed:
        post.place()
    if changed:
        _execute("write_posts", posts=_json(changed))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())


COLUMNS = PostRow.__struct_fields__[:-1]
PROJECTION = RankingProjection()
register_projections(PROJECTION)
