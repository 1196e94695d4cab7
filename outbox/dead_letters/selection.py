"""Selection of dead letters: one filter for what lists show and what operations act on."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from msgspec import Meta, Struct

from kit.arguments import MAX_BIGINT
from outbox.arguments import arguments
from outbox.models import DeadLetter

Name = Annotated[str, Meta(min_length=1, max_length=255)]
MAX_ID = MAX_BIGINT
# A number of JSON goes no further than 2^53 - 1.
DeadLetterId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]
Status = Literal["open", "retrying", "retried", "discarded", "replaced"]
MAX_IDS = 10_000


class DeadLetterFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Dead letters for which all of this holds."""

    ids: Annotated[tuple[DeadLetterId, ...], Meta(max_length=MAX_IDS)] | None = None
    """Only these: none when it is empty, so that a selection that has come to nothing never means everything."""
    status: Status | None = None
    failure_group: Name | None = None
    """Failures of one kind at one place."""
    consumer: Name | None = None
    """The consumer group that could not handle the message."""
    event_type: Name | None = None
    topic: Name | None = None
    exception: Name | None = None
    """The exception's class."""
    text: Name | None = None
    """Part of the exception's message, in any case."""
    since: Moment | None = None
    """Failed last at this time or later."""
    until: Moment | None = None
    """Failed last before this time."""
    archived: bool | None = False
    """Whether they are archived; None for both."""


def select(selection: DeadLetterFilter) -> QuerySet[DeadLetter]:
    """The dead letters that fit, in no particular order. Raises `InvalidArgument` for a filter that none could have."""
    arguments.fields(selection)
    condition = Q()
    if selection.ids is not None:
        condition &= Q(pk__in=selection.ids)
    for field in ("status", "failure_group", "consumer", "event_type", "topic", "exception"):
        if (value := getattr(selection, field)) is not None:
            condition &= Q(**{field: value})
    if selection.text is not None:
        condition &= Q(message__icontains=selection.text)
    if selection.since is not None:
        condition &= Q(last_failed_at__gte=selection.since)
    if selection.until is not None:
        condition &= Q(last_failed_at__lt=selection.until)
    if selection.archived is not None:
        condition &= Q(archived_at__isnull=not selection.archived)
    return DeadLetter.objects.filter(condition).order_by()


def dead_lettered(event_ids: Collection[UUID]) -> set[UUID]:
    """Those of the events that a consumer group could not handle, whatever has become of their dead letters."""
    found = DeadLetter.objects.filter(event_id__in=event_ids) if event_ids else DeadLetter.objects.none()
    return set(found.values_list("event_id", flat=True))


def by_ids(*ids: int) -> DeadLetterFilter:
    """Just these, archived or not."""
    return DeadLetterFilter(ids=ids, archived=None)


def as_json(selection: DeadLetterFilter) -> dict[str, object]:
    """The filter as an operation keeps it, which is as JSON gives it back: only what it says."""
    fields: dict[str, object] = msgspec.json.decode(msgspec.json.encode(selection))
    return fields
