"""What does an operator see of events on their way, and what can be done about those that are stuck?"""

from collections.abc import Callable, Collection
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.decorators import display
from unfold.enums import ActionVariant

from events.api import latest_event_ids
from kit.admin.console import block
from outbox.admin.base import ReasonForm, reason_dialog, row_action
from outbox.admin.blockers import with_holder
from outbox.admin.bulk import ManyAdmin
from outbox.admin.display import actor_of, indented, link, table, tell, uuid_of
from outbox.admin.row_forms import VERBS, RouteForm, RowsForm
from outbox.admin.row_list_filters import LATEST, STATES, EventTypeFilter, StateFilter, TopicFilter
from outbox.conf import outbox_conf
from outbox.exceptions import InvalidRoute, RowNotDead, RowNotFound
from outbox.models import OutboxAction, OutboxEvent, OutboxQuerySet
from outbox.relay.row_actions import discard_outbox_rows, outbox_actions, reroute_outbox_row, retry_outbox_rows

# Rows that are acted on in one transaction.
CHUNK = 1_000
POSSIBLE = {"dead": ("retry_row", "reroute_row", "discard_row"), "waiting": ("retry_row",)}
"""What can be done to a row in a state; nothing in the others."""


@admin.register(OutboxEvent)
class OutboxEventAdmin(ManyAdmin):
    """Events on their way to their topics, newest first."""

    list_display = (
        *("id", "state_label", "holder", "event_type", "topic", "partition_key"),
        *("age", "retry_count", "event_link"),
    )
    list_filter = (StateFilter, TopicFilter, EventTypeFilter)
    ordering = ("-id",)
    search_fields = ("event_id",)
    search_help_text = "An event id or aggregate id, in full"
    actions = ("retry", "discard")
    actions_list = ("operate",)
    actions_detail = ("retry_row", "reroute_row", "discard_row")
    list_before_template = "admin/outbox/rows_legend.html"
    many_form = RowsForm
    many_verbs: ClassVar = VERBS
    # A request has to end in time.
    many_most: ClassVar = 10_000
    fieldsets = (
        (
            "Delivery",
            {
                "fields": (
                    *("state_label", "holder", "topic", "partition_key", "shard"),
                    *("created_at", "published_at"),
                )
            },
        ),
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxEvent]:
        """The rows, with what holds them."""
        return with_holder(super().get_queryset(request))

    def possible(self, row: OutboxEvent) -> Collection[str]:
        """What is on its way or done needs nobody."""
        return POSSIBLE.get(row.state, ())

    @display(description="state", label=STATES)
    def state_label(self, row: OutboxEvent) -> str:
        """Where the row is on its way."""
        return row.state

    @display(description="waits for")
    def holder(self, row: Any) -> SafeString | str:
        """The row of its key that has to be published or given up before this one."""
        if row.held_by is None:
            return "-"
        return link(reverse("admin:outbox_outboxevent_change", args=[row.held_by]), f"row {row.held_by}")

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
        event_ids = latest_event_ids(term, LATEST)
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
        return self._act_on_selection(request, queryset, "retry")

    @admin.action(description="Discard dead rows", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> HttpResponse | None:
        """Give the selected dead rows up."""
        return self._act_on_selection(request, queryset, "discard")

    @row_action(
        description="Retry now",
        url_path="retry",
        permissions=["operate"],
        variant=ActionVariant.PRIMARY,
        dialog=reason_dialog("Retry", "The row is tried again at once, with all its attempts.", "Retry"),
    )
    def retry_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Try this row again."""
        self._act(request, [object_id], "retry", form.cleaned_data["reason"], asked=1)
        return self._back_to(object_id)

    @row_action(
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
                object_id,
                topic=said["topic"] or None,
                partition_key=said["partition_key"] or None,
                actor=actor_of(request),
                reason=said["reason"],
            )
        except (InvalidRoute, RowNotDead, RowNotFound) as error:
            messages.warning(request, f"{error}.")
        else:
            self.audit(request, [row], f"Rerouted to {row.topic}, key {row.partition_key}: {said['reason']}")
            messages.success(request, f"Goes to {row.topic} under the key {row.partition_key}.")
        return self._back_to(object_id)

    @row_action(
        description="Discard",
        url_path="discard",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Discard", "The event is never published; the later rows of its key go on.", "Discard"),
    )
    def discard_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Give this dead row up."""
        self._act(request, [object_id], "discard", form.cleaned_data["reason"], asked=1)
        return self._back_to(object_id)

    def count_many(self, form: RowsForm) -> int:
        """How many rows the verb can be done to."""
        return self._selected(form).count()

    def start_many(self, request: HttpRequest, form: RowsForm) -> HttpResponse:
        """Act on the first of them, and lead back to the list."""
        ids = list(self._selected(form).order_by("position").values_list("pk", flat=True)[: self.many_most])
        self._act(request, ids, form.cleaned_data["verb"], form.cleaned_data["reason"], asked=len(ids))
        if left := self._selected(form).count():
            messages.warning(request, f"There are {left} more: act on them again.")
        shown = {name: value for name, value in form.narrowed.items() if name in {"topic", "event_type"}}
        url = reverse("admin:outbox_outboxevent_changelist")
        return HttpResponseRedirect(f"{url}?{urlencode(shown)}" if shown else url)

    def _selected(self, form: RowsForm) -> OutboxQuerySet:
        _, possible, _ = ACTIONS[form.cleaned_data["verb"]]
        return possible(OutboxEvent.objects.filter(form.selection()))

    def _act_on_selection(
        self, request: HttpRequest, queryset: QuerySet[OutboxEvent], verb: str
    ) -> HttpResponse | None:
        reason = self.ask_reason(
            request,
            queryset,
            action=verb,
            title=f"{verb.capitalize()} outbox rows",
            description=VERBS[verb],
            danger=verb == "discard",
        )
        if not isinstance(reason, str):
            return reason
        asked = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        self._act(request, list(queryset.values_list("pk", flat=True)), verb, reason, asked=asked)
        return None

    def _act(self, request: HttpRequest, ids: list[int], verb: str, reason: str, *, asked: int) -> None:
        act, possible, done = ACTIONS[verb]
        changed = 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            rows = list(possible(OutboxEvent.objects.filter(pk__in=chunk)).only("event_type", "event_id"))
            changed += act(chunk, actor=actor_of(request), reason=reason)
            self.audit(request, rows, f"{verb.capitalize()}: {reason}")
        tell(request, changed, asked, done)


ACTIONS: dict[str, tuple[Callable[..., int], Callable[[OutboxQuerySet], OutboxQuerySet], str]] = {
    "retry": (retry_outbox_rows, OutboxQuerySet.stuck, "retried; only dead and waiting rows can be"),
    "discard": (discard_outbox_rows, OutboxQuerySet.dead, "discarded; only dead rows can be"),
}


def _change(act: OutboxAction) -> str:
    return ", ".join(f"{name}: {act.before.get(name)} → {value}" for name, value in act.after.items()) or "-"
