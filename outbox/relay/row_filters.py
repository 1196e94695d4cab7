"""Row filter: which of the stuck outbox rows are listed or acted on."""

from typing import Annotated, Literal

from django.db.models import QuerySet
from msgspec import Meta, Struct

from outbox.models import OutboxEvent

Name = Annotated[str, Meta(min_length=1, max_length=255)]


class RowFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dead and waiting rows for which all of this holds."""

    state: Literal["dead", "waiting"] | None = None
    topic: Name | None = None
    event_type: Name | None = None


def stuck_rows(selection: RowFilter) -> QuerySet[OutboxEvent]:
    """The stuck rows that fit, the oldest first."""
    found = OutboxEvent.objects.stuck()
    if selection.state is not None:
        found = found.in_state(selection.state)
    for name in ("topic", "event_type"):
        if (value := getattr(selection, name)) is not None:
            found = found.filter(**{name: value})
    return found.order_by("id")
