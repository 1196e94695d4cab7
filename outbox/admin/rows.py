"""What does an operator see of events on their way, and what can be done about those that are stuck?"""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from events.console import block
from outbox.admin.base import OperatedAdmin, ReasonForm, reason_dialog
from outbox.admin.display import actor_of, indented, link, tell, uuid_of
from outbox.models import OutboxEvent
from outbox.operations import discard_outbox_rows, retry_outbox_rows
from outbox.sql.statements import statement

LATEST = 10_000
STATES = {"published": "success", "pending": "info", "waiting": "warning", "dead": "danger", "discarded": "default"}


class StateFilter(admin.SimpleListFilter):
    """Narrows rows to one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All states."""
        return [(state, state) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The rows in the chosen state."""
        return queryset.in_state(self.value()) if self.value() in STATES else queryset


class RecentFilter(admin.SimpleListFilter):
    """Narrows rows to one value that the latest rows have; subclasses say of which column."""

    column: int

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What the latest rows have; a look at all rows would take too long."""
        with connection.cursor() as cursor:
            cursor.execute(statement("recent_topics"), {"limit": LATEST})
            values = sorted({row[self.column] for row in cursor.fetchall()})
        return [(value, value) for value in values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
        """The rows with the chosen value."""
        value = (self.value() or "").replace("\0", "")
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class TopicFilter(RecentFilter):
    """Narrows rows to one topic."""

    title = "topic"
    parameter_name = "topic"
    column = 0


class EventTypeFilter(RecentFilter):
    """Narrows rows to one event type."""

    title = "event type"
    parameter_name = "event_type"
    column = 1


@admin.register(OutboxEvent)
class OutboxEventAdmin(OperatedAdmin):
    """Events on their way to their topics, newest first."""

    list_display = ("id", "state_label", "event_type", "topic", "partition_key", "age", "retry_count", "event_link")
    list_filter = (StateFilter, TopicFilter, EventTypeFilter)
    ordering = ("-id",)
    search_fields = ("event_id",)
    search_help_text = "An event id or aggregate id, in full"
    actions = ("retry",)
    actions_detail = ("retry_row", "discard_row")
    fieldsets = (
        ("Delivery", {"fields": ("state_label", "topic", "partition_key", "shard", "created_at", "published_at")}),
        (
            "Failures",
            {"fields": ("retry_count", "next_attempt_at", "dead_at", "discarded_at", "last_error")},
        ),
        ("Event", {"fields": ("event_type", "schema_version", "aggregate_type", "aggregate_id", "version")}),
        ("Payload", {"fields": ("payload_text",)}),
        (
            "Context",
            {
                "fields": (
                    *("event_link", "timestamp", "source_service", "user_id"),
                    *("correlation_id", "causation_id", "metadata_text"),
                )
            },
        ),
    )

    @display(description="state", label=STATES)
    def state_label(self, row: OutboxEvent) -> str:
        """Where the row is on its way."""
        return row.state

    @display(description="age", ordering="id")
    def age(self, row: OutboxEvent) -> str:
        """How long ago it was written."""
        return timesince(row.created_at)

    @display(description="event")
    def event_link(self, row: OutboxEvent) -> SafeString:
        """The event in the log."""
        url = reverse("admin:events_domainevent_change", args=[row.position])
        return link(url, str(row.event_id))

    @display(description="payload")
    def payload_text(self, row: OutboxEvent) -> SafeString:
        """The payload as indented JSON."""
        return block(indented(row.payload))

    @display(description="metadata")
    def metadata_text(self, row: OutboxEvent) -> SafeString:
        """The metadata as indented JSON."""
        return block(indented(row.metadata))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OutboxEvent], search_term: str
    ) -> tuple[QuerySet[OutboxEvent], bool]:
        """Rows of the event or aggregate that the term names in full; each way has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        with connection.cursor() as cursor:
            cursor.execute(statement("event_ids_of_aggregate"), {"aggregate_id": term, "limit": LATEST})
            event_ids = [event_id for (event_id,) in cursor.fetchall()]
        if (event_id := uuid_of(term)) is not None:
            event_ids.append(event_id)
        return queryset.filter(event_id__in=event_ids), False

    @admin.action(description="Retry dead and waiting rows now", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> None:
        """Try the selected rows again."""
        ids = list(queryset.values_list("pk", flat=True))
        retried = retry_outbox_rows(ids, actor=actor_of(request), reason="selected in the admin")
        tell(request, retried, len(ids), "retried; the others were neither dead nor waiting")

    @action(
        description="Retry now",
        url_path="retry",
        permissions=["operate"],
        dialog=reason_dialog("Retry", "The row is tried again at once, with all its attempts.", "Retry"),
    )
    def retry_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Try this row again."""
        retried = retry_outbox_rows([object_id], actor=actor_of(request), reason=form.cleaned_data["reason"])
        tell(request, retried, 1, "retried")
        return self._back_to(object_id)

    @action(
        description="Discard",
        url_path="discard",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Discard", "The event is never published; the later rows of its key go on.", "Discard"),
    )
    def discard_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Give this dead row up."""
        discarded = discard_outbox_rows([object_id], actor=actor_of(request), reason=form.cleaned_data["reason"])
        tell(request, discarded, 1, "discarded; only dead rows can be")
        return self._back_to(object_id)
