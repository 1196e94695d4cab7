"""Events of moderation: who is asked to look at something, and what was decided."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.api import Topic, event
from nova.services.field_types import Id, ShortText

OWNER = "moderation-service"
MODERATION = Topic(name="{prefix}.moderation.events", families=("moderation",))

Decision = Literal["keep", "remove"]


@event("moderation.review_requested", owner=OWNER, topic=MODERATION, key="content_id")
class ReviewRequested(Struct, frozen=True, kw_only=True):
    """Somebody is to look at a post and decide."""

    content_id: Id
    reason: ShortText
    level: Annotated[int, Meta(ge=1)]
    """1 for the reviewers; one more each time that nobody has decided in time."""


@event("moderation.decided", owner=OWNER, topic=MODERATION, key="content_id")
class ModerationDecided(Struct, frozen=True, kw_only=True):
    """A reviewer has decided what becomes of a post."""

    content_id: Id
    decision: Decision
    decided_by: ShortText
    note: ShortText = ""
