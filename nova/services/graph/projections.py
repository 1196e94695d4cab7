"""Follow graph projection: the events of follows as rows, and how many each user has of them.

The log is the authority: events count in its order. Whoever is deleted, for good or not, is taken out of the graph with
all follows, and does not come back, whatever is told of it later. Nobody follows themselves.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, ClassVar

import msgspec
from django.db import connection
from django.db.models import Model

from events.envelope import RecordedEvent
from nova.services.graph.models import Follow, Person
from nova.services.graph.sql.statements import statement
from nova.services.identity.events import IdentityUserDeleted, UserDeleted
from nova.services.social.events import UserFollowed, UserUnfollowed
from nova.services.timestamps import utc
from projections.api import Projection, UnexpectedPayload, register_projections

Pair = tuple[str, str]
"""Follower and followed."""


class FollowGraphProjection(Projection):
    """Keeps `graph_follows` and `graph_people`: what comes between two deletions is read, folded, written at once."""

    name = "follow-graph"
    version = 1
    event_types = frozenset({"user.followed", "user.unfollowed", "identity.user.deleted", "user.deleted"})
    models: ClassVar[tuple[type[Model], ...]] = (Follow, Person)

    def apply(self, event: RecordedEvent) -> None:
        """Change the graph as one event says."""
        self.apply_batch([event])

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Change the graph as the events say, in their order."""
        for deleted, some in groupby(events, key=_deleted_user):
            if deleted is None:
                _follow(list(some))
            else:
                _execute("forget", user_id=deleted)


def _deleted_user(event: RecordedEvent) -> str | None:
    match event.payload:
        case IdentityUserDeleted(user_id=user_id) | UserDeleted(user_id=user_id):
            return user_id
        case UserFollowed() | UserUnfollowed():
            return None
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def _follow(events: Sequence[RecordedEvent]) -> None:
    pairs = {_pair(event) for event in events}
    gone = {user_id for (user_id,) in _rows("gone", user_ids=sorted({one for pair in pairs for one in pair}))}
    before: dict[Pair, datetime] = {
        (follower, followed): since
        for follower, followed, since in _rows("among", pairs=msgspec.json.encode(sorted(pairs)).decode())
    }
    after = dict(before)
    for event in events:
        pair = _pair(event)
        if isinstance(event.payload, UserUnfollowed):
            after.pop(pair, None)
        elif pair[0] != pair[1] and gone.isdisjoint(pair):
            after.setdefault(pair, utc(event.timestamp))
    changes = Counter(dict.fromkeys(after.keys() - before.keys(), 1))
    changes.update(dict.fromkeys(before.keys() - after.keys(), -1))
    _write(before, after)
    _count(changes)


def _write(before: dict[Pair, datetime], after: dict[Pair, datetime]) -> None:
    ended = sorted(before.keys() - after.keys())
    written = [(*pair, since) for pair, since in sorted(after.items()) if before.get(pair) != since]
    if ended:
        _execute("end", pairs=msgspec.json.encode(ended).decode())
    if written:
        _execute("write", follows=msgspec.json.encode(written).decode())


def _count(changes: Counter[Pair]) -> None:
    followers: Counter[str] = Counter()
    following: Counter[str] = Counter()
    for (follower, followed), change in changes.items():
        following[follower] += change
        followers[followed] += change
    counts = [(user_id, followers[user_id], following[user_id]) for user_id in sorted({*followers, *following})]
    if counts:
        _execute("count", counts=msgspec.json.encode(counts).decode())


def _pair(event: RecordedEvent) -> Pair:
    match event.payload:
        case UserFollowed(follower_id=follower, followed_id=followed):
            return follower, followed
        case UserUnfollowed(follower_id=follower, followed_id=followed):
            return follower, followed
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())


PROJECTION = FollowGraphProjection()
register_projections(PROJECTION)
