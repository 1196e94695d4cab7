"""Moderation: a post that somebody has flagged waits for a reviewer's decision, and is removed if that says so.

    content.flagged ─▶ review (a day for each level, three levels) ─▶ remove, where it was decided so

Nobody is asked twice at one level: when a day passes without a decision, the next level is asked. After the last one
the case waits for an operator, and a decision that comes late still counts.
"""

from datetime import timedelta

from msgspec import Struct, structs

from nova.services.content.events import ContentFlagged, ContentPostDeleted, RemovalRequested
from nova.services.moderation.events import ModerationDecided, ReviewRequested
from nova.services.moderation.service import SERVICE
from sagas.api import Kind, Request, RetryPolicy, Saga, Start, Step, done, register_saga

REVIEW_TIME = timedelta(days=1)
LEVELS = 3


class Case(Struct, frozen=True, kw_only=True):
    """What is known of a flagged post."""

    content_id: str
    reason: str
    decision: str = ""
    decided_by: str = ""


def _decided(case: Case, found: ModerationDecided) -> Case:
    return structs.replace(case, decision=found.decision, decided_by=found.decided_by)


REVIEW = Step(
    name="review",
    kind=Kind.RETRIABLE,
    request=Request(
        event=ReviewRequested,
        make=lambda case, level: ReviewRequested(content_id=case.content_id, reason=case.reason, level=level),
    ),
    replies=(done(ModerationDecided, _decided),),
    deadline=REVIEW_TIME,
    retry=RetryPolicy(limit=LEVELS - 1),
)
REMOVE = Step(
    name="remove",
    kind=Kind.RETRIABLE,
    request=Request(
        event=RemovalRequested, make=lambda case, _: RemovalRequested(content_id=case.content_id, reason=case.reason)
    ),
    # Whoever deletes it: its author may be faster.
    replies=(done(ContentPostDeleted, key="post_id"),),
    when=lambda case: case.decision == "remove",
    deadline=timedelta(hours=1),
    retry=RetryPolicy(limit=5),
)

MODERATION = register_saga(
    Saga(
        name="moderation",
        data=Case,
        key="content_id",
        starts=(
            Start(event=ContentFlagged, data=lambda found: Case(content_id=found.content_id, reason=found.reason)),
        ),
        stages=(REVIEW, REMOVE),
    ),
    group=SERVICE.name,
)
