"""Which outbox rows are meant? Those that are stuck, or those of them that a filter says."""

from typing import Annotated, Literal

from django.db.models import QuerySet
from msgspec import Meta, Struct

from outbox.models import OutboxEvent

Name = Annotated[str, Meta(min_length=1, max_length=255)]


class RowFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dead and waiting rows for which all that is said here holds."""

    state: Literal["dead", "waiting"] | None = None
    topic: Name | None = None
    event_type: Name | None = None


def stuck_rows(wanted: RowFilter) -> QuerySet[OutboxEvent]:
    """The rows that are meant, the oldest first."""
    found = OutboxEvent.objects.stuck()
    if wanted.state is not None:
        found = found.in_state(wanted.state)
    for name in ("topic", "event_type"):
        if (value := getattr(wanted, name)) is not None:
            found = found.filter(**{name: value})
    return found.order_by("id")
