"""What does an operator see of events on their way, and what can be done about those that are stuck?"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from events.console import block
from outbox.admin.base import OperatedAdmin, ReasonForm, reason_dialog
from outbox.admin.display import actor_of, indented, link, table, tell, uuid_of
from outbox.conf import outbox_conf
from outbox.exceptions import InvalidRoute, RowNotDead
from outbox.models import OutboxAction, OutboxEvent, OutboxQuerySet
from outbox.operations import discard_outbox_rows, outbox_actions, reroute_outbox_row, retry_outbox_rows
from outbox.sql.statements import statement

LATEST = 10_000
STATES = {"published": "success", "pending": "info", "waiting": "warning", "dead": "danger", "discarded": "default"}


class RouteForm(ReasonForm):
    """Asks where to, and why."""

    topic = forms.CharField(max_length=249, required=False, widget=UnfoldAdminTextInputWidget)
    partition_key = forms.CharField(max_length=1_000, required=False, widget=UnfoldAdminTextInputWidget)
    field_order = ("topic", "partition_key", "reason")

    def __init__(self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any) -> None:
        row = OutboxEvent.objects.filter(pk=object_id or 0).first()
        route = {"topic": row.topic, "partition_key": row.partition_key} if row else {}
        super().__init__(request, object_id, *args, initial=route | (kwargs.pop("initial", None) or {}), **kwargs)


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
    actions = ("retry", "discard")
    actions_detail = ("retry_row", "reroute_row", "discard_row")
    list_before_template = "admin/outbox/rows_legend.html"
    fieldsets = (
        ("Delivery", {"fields": ("state_label", "topic", "partition_key", "shard", "created_at", "published_at")}),
        (
            "Failures",
            {"fields": ("retry_count", "next_attempt_at", "dead_at", "discarded_at", "last_error", "actions_text")},
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

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list says for how long published rows stay."""
        said = {"retention_days": outbox_conf().retention_days}
        response: HttpResponse = super().changelist_view(request, (extra_context or {}) | said)
        return response

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

    @display(description="what operators have done")
    def actions_text(self, row: OutboxEvent) -> SafeString | str:
        """Who did what, and why, latest first."""
        rows = [
            [act.verb, act.actor, act.reason, _change(act), f"{act.at:%Y-%m-%d %H:%M:%S}"]
            for act in outbox_actions(row.pk)
        ]
        return table(("what", "who", "why", "change", "when (UTC)"), rows) if rows else "-"

    @admin.action(description="Retry dead and waiting rows now", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> HttpResponse | None:
        """Try the selected rows again."""
        return self._act_on_selection(request, queryset, "retry", "Dead and waiting ones are tried again at once.")

    @admin.action(description="Discard dead rows", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> HttpResponse | None:
        """Give the selected dead rows up."""
        text = "Dead ones are never published, and the later rows of their keys go on."
        return self._act_on_selection(request, queryset, "discard", text)

    @action(
        description="Retry now",
        url_path="retry",
        permissions=["operate"],
        variant=ActionVariant.PRIMARY,
        dialog=reason_dialog("Retry", "The row is tried again at once, with all its attempts.", "Retry"),
    )
    def retry_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Try this row again."""
        self._act(request, [object_id], "retry", form.cleaned_data["reason"])
        return self._back_to(object_id)

    @action(
        description="Reroute",
        url_path="reroute",
        permissions=["operate"],
        dialog=reason_dialog(
            "Reroute",
            "The dead row goes to another topic or under another key, with all its attempts. Its payload stays.",
            "Reroute",
            form=RouteForm,
        ),
    )
    def reroute_row(self, request: HttpRequest, form: RouteForm, object_id: int) -> HttpResponse:
        """Send this dead row elsewhere."""
        said = form.cleaned_data
        try:
            row = reroute_outbox_row(
                int(object_id),
                topic=said["topic"] or None,
                partition_key=said["partition_key"] or None,
                actor=actor_of(request),
                reason=said["reason"],
            )
        except (InvalidRoute, RowNotDead) as error:
            messages.warning(request, f"{error}.")
        else:
            self.audit(request, [row], f"Rerouted to {row.topic}, key {row.partition_key}: {said['reason']}")
            messages.success(request, f"Goes to {row.topic} under the key {row.partition_key}.")
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
        self._act(request, [object_id], "discard", form.cleaned_data["reason"])
        return self._back_to(object_id)

    def _act_on_selection(
        self, request: HttpRequest, queryset: QuerySet[OutboxEvent], verb: str, description: str
    ) -> HttpResponse | None:
        reason = self.ask_reason(
            request,
            queryset,
            action=verb,
            title=f"{verb.capitalize()} outbox rows",
            description=description,
            danger=verb == "discard",
        )
        if isinstance(reason, HttpResponse):
            return reason
        self._act(request, list(queryset.values_list("pk", flat=True)), verb, reason)
        return None

    def _act(self, request: HttpRequest, ids: list[int], verb: str, reason: str) -> None:
        act, possible, done = ACTIONS[verb]
        rows = list(possible(OutboxEvent.objects.filter(pk__in=ids)))
        changed = act(ids, actor=actor_of(request), reason=reason)
        self.audit(request, rows, f"{verb.capitalize()}: {reason}")
        tell(request, changed, len(ids), done)


ACTIONS: dict[str, tuple[Callable[..., int], Callable[..., Any], str]] = {
    "retry": (retry_outbox_rows, OutboxQuerySet.stuck, "retried; only dead and waiting rows can be"),
    "discard": (discard_outbox_rows, OutboxQuerySet.dead, "discarded; only dead rows can be"),
}


def _change(act: OutboxAction) -> str:
    return ", ".join(f"{name}: {act.before.get(name)} → {value}" for name, value in act.after.items()) or "-"
