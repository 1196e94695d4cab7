"""Outbox-row forms: what an operator is asked before a row is rerouted, or many are acted on."""

from typing import Any, ClassVar

from django.db.models import Q

from kit.admin.bulk import BulkForm
from kit.admin.fields import text_field, verb_field
from kit.admin.reasons import ReasonForm
from outbox.models import OutboxEvent

VERBS = {
    "retry": "Dead and waiting ones are tried again at once, with all their attempts.",
    "discard": "Dead ones are never published, and the later rows of their keys go on.",
}


class RouteForm(ReasonForm):
    """Asks where to, and why."""

    topic = text_field(249)
    partition_key = text_field(1_000)
    field_order = ("topic", "partition_key", "reason")

    def __init__(self, request: Any, object_id: int | None = None, *args: Any, **kwargs: Any) -> None:
        row = OutboxEvent.objects.filter(pk=object_id or 0).first()
        route = {"topic": row.topic, "partition_key": row.partition_key} if row else {}
        super().__init__(request, object_id, *args, initial=route | (kwargs.pop("initial", None) or {}), **kwargs)


class RowsForm(BulkForm):
    """Which rows, what shall be done to them, and why."""

    filter_fields: ClassVar = ("topic", "event_type", "partition_key", "text")
    field_order = ("verb", *filter_fields, "everything", "reason")

    verb = verb_field(VERBS)
    topic = text_field(249)
    event_type = text_field(100)
    partition_key = text_field(1_000)
    text = text_field(help_text="A part of what the broker said.")

    def selection(self) -> Q:
        """The rows that the filter selects, whatever state they are in."""
        columns = self.filters
        text = columns.pop("text", None)
        return Q(**columns) & (Q(last_error__icontains=text) if text else Q())
