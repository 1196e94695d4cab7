"""Selection of instances: one filter for what lists show and what operations act on."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from msgspec import Meta, Struct

from sagas.arguments import arguments
from sagas.machine.instance import Status
from sagas.models import SagaState

STUCK = [status.value for status in Status if status.is_stuck]
ENDS = [status.value for status in Status if status.is_end]

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
Moment = Annotated[datetime, Meta(tz=True)]
StatusName = Literal[
    "stuck",
    "unstarted",
    "running",
    "waiting",
    "compensating",
    "compensated",
    "completed",
    "failed",
    "compensation_failed",
    "awaiting_operator",
]
"""Where instances stand; `stuck` are all that wait for an operator."""


class SagaFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Instances for which all of this holds."""

    saga: Name | None = None
    """The definition's name."""
    status: StatusName | None = None
    """Where they stand; `stuck` means all that wait for an operator."""
    current_step: Name | None = None
    """The first step that is not passed."""
    key: Name | None = None
    """What their events name them by, such as an order."""
    key_prefix: Name | None = None
    """What their keys begin with."""
    error: Name | None = None
    """A part of what went wrong, in any case."""
    correlation_id: UUID | None = None
    """The conversation that they began in."""
    moved_before: Moment | None = None
    """Have made no transition since that time."""
    started_before: Moment | None = None
    """Began before that time."""


def condition_of(selection: SagaFilter) -> Q:
    """The condition that the filter means. Raises `InvalidArgument` for a filter that none could have."""
    arguments.fields(selection)
    columns = {
        "saga_type": selection.saga,
        "status": None if selection.status == "stuck" else selection.status,
        "status__in": STUCK if selection.status == "stuck" else None,
        "current_step": selection.current_step,
        "key": selection.key,
        "key__startswith": selection.key_prefix,
        "error_message__icontains": selection.error,
        "correlation_id": selection.correlation_id,
        "updated_at__lt": selection.moved_before,
        "started_at__lt": selection.started_before,
    }
    return Q(**{column: value for column, value in columns.items() if value is not None})


def affected(verb: str, selection: SagaFilter) -> QuerySet[SagaState]:
    """The instances that an operation of this verb would be tried on; none that has ended.

    Only what waits for an operator is resumed, and what has not begun can only be given up.
    """
    rows = SagaState.objects.filter(condition_of(selection)).exclude(status__in=ENDS)
    if verb == "resume":
        return rows.filter(status__in=STUCK)
    return rows if verb == "cancel" else rows.exclude(status=Status.UNSTARTED)


def as_json(value: Struct) -> dict[str, object]:
    """A filter, or arguments, as an operation keeps them, which is as JSON gives them back: only what they say."""
    fields: dict[str, object] = msgspec.json.decode(msgspec.json.encode(value))
    return fields
