"""User activity: what users did day by day, counted from the log, and in all, as an incremental view.

A user does something by writing, liking, sharing or following. Of users who are deleted nothing is kept, whatever comes
of them later.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django.db import connection
from django.db.models import Model

from events.envelope import RecordedEvent
from nova.services.analytics.materialised_views import USER_ACTIVITY
from nova.services.analytics.models import GoneUser, UserActivity, UserDay
from nova.services.analytics.sql.statements import statement
from nova.services.content.events import CommentAdded, ContentPostCreated
from nova.services.identity.events import IdentityUserDeleted, UserDeleted
from nova.services.social.events import PostLiked, PostShared, UserFollowed
from nova.services.timestamps import utc
from projections.api import Projection, UnexpectedPayload


class UserActivityProjection(Projection):
    """Keeps the days, and of each user whom a batch speaks of the sum."""

    name = "user-activity"
    version = 1
    event_types = frozenset(
        {
            *("content.post.created", "comment.added", "post.liked", "post.shared", "user.followed"),
            *("identity.user.deleted", "user.deleted"),
        }
    )
    models: ClassVar[tuple[type[Model], ...]] = (UserActivity, UserDay, GoneUser)

    def apply(self, event: RecordedEvent) -> None:
        """Count one event."""
        self.apply_batch([event])

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Count the events. Who goes in a batch is gone for all of it: nothing that was counted would stay."""
        gone = {self.key_of(event) for event in events if isinstance(event.payload, IdentityUserDeleted | UserDeleted)}
        counts: Counter[tuple[str, date]] = Counter(
            (user_id, utc(event.timestamp).date()) for event in events if (user_id := self.key_of(event)) not in gone
        )
        if gone:
            _execute("users_gone", user_ids=sorted(gone))
        if counts:
            user_ids, days = zip(*counts, strict=True)
            _execute("add_user_days", user_ids=list(user_ids), days=list(days), counts=list(counts.values()))
        USER_ACTIVITY.recompute(gone | {user_id for user_id, _ in counts})

    def key_of(self, event: RecordedEvent) -> str:
        """Who did it."""
        match event.payload:
            case (
                ContentPostCreated(user_id=user_id)
                | PostLiked(user_id=user_id)
                | PostShared(sharer_id=user_id)
                | IdentityUserDeleted(user_id=user_id)
                | UserDeleted(user_id=user_id)
                | CommentAdded(author_id=user_id)
                | UserFollowed(follower_id=user_id)
            ):
                return user_id
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
