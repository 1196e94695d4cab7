"""Outbox rows: events on their way to their topics, and what an operator can do about those that are stuck."""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.enums import ActionVariant

from events.api import latest_event_ids
from kit.admin.bulk import BulkAdmin
from kit.admin.operated import row_action, selection_action
from kit.admin.pages import list_url
from kit.admin.read_only import uuid_of
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog, refuse_dialog
from outbox.admin.row_fields import OutboxRowFields
from outbox.admin.row_forms import VERBS, RouteForm, RowsForm
from outbox.admin.row_list_filters import LATEST, EventTypeFilter, StateFilter, TopicFilter
from outbox.conf import outbox_conf
from outbox.exceptions import InvalidRoute, RowNotDead, RowNotFound
from outbox.models import OutboxEvent, OutboxQuerySet
from outbox.relay.holders import with_holder
from outbox.relay.row_actions import discard_outbox_rows, reroute_outbox_row, retry_outbox_rows

# Rows that are acted on in one transaction.
CHUNK = 1_000
POSSIBLE = {"dead": ("retry_row", "reroute_row", "discard_row"), "waiting": ("retry_row",)}
"""What can be done to a row in a state; nothing in the others."""


@admin.register(OutboxEvent)
class OutboxEventAdmin(OutboxRowFields, BulkAdmin):
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
    retry = selection_action("retry", "Retry dead and waiting rows now")
    discard = selection_action("discard", "Discard dead rows")
    actions_list = ("operate",)
    actions_detail = ("retry_row", "reroute_row", "discard_row")
    list_before_template = "admin/outbox/rows_legend.html"
    bulk_form = RowsForm
    verbs: ClassVar = VERBS
    # A request has to end in time.
    bulk_max: ClassVar = 10_000
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

    def possible_actions(self, row: OutboxEvent) -> Collection[str]:
        """What is on its way or done needs nobody."""
        return POSSIBLE.get(row.state, ())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list says for how long published rows stay."""
        context = (extra_context or {}) | {"retention_days": outbox_conf().retention_days}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def term_filter(self, term: str) -> Q:
        """Rows of the event or aggregate that the term names in full; each way has an index."""
        event_ids = latest_event_ids(term, LATEST)
        if (event_id := uuid_of(term)) is not None:
            event_ids.append(event_id)
        return Q(event_id__in=event_ids)

    @row_action(
        description="Retry now",
        url_path="retry",
        variant=ActionVariant.PRIMARY,
        dialog=reason_dialog("Retry", "The row is tried again at once, with all its attempts."),
    )
    def retry_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Try this row again."""
        self._act(request, [object_id], "retry", form.cleaned_data["reason"], asked=1)
        return self.back_to_row(object_id)

    @row_action(
        description="Reroute",
        url_path="reroute",
        dialog=reason_dialog(
            "Reroute",
            "The dead row goes to another topic or under another key, with all its attempts. Its payload stays.",
            form=RouteForm,
        ),
    )
    def reroute_row(self, request: HttpRequest, form: RouteForm, object_id: int) -> HttpResponse:
        """Send this dead row elsewhere."""
        reason = form.cleaned_data["reason"]
        try:
            row = reroute_outbox_row(
                object_id,
                topic=form.cleaned_data["topic"] or None,
                partition_key=form.cleaned_data["partition_key"] or None,
                actor=actor_of(request),
                reason=reason,
            )
        except InvalidRoute as error:
            return refuse_dialog(request, form, error, field=error.pointer.removeprefix("/"))
        except (RowNotDead, RowNotFound) as error:
            messages.warning(request, f"{error}.")
        else:
            self.audit(request, [row], f"Rerouted to {row.topic}, key {row.partition_key}: {reason}")
            messages.success(request, f"Goes to {row.topic} under the key {row.partition_key}.")
        return self.back_to_row(object_id)

    @row_action(
        description="Discard",
        url_path="discard",
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Discard", "The event is never published; the later rows of its key go on."),
    )
    def discard_row(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Give this dead row up."""
        self._act(request, [object_id], "discard", form.cleaned_data["reason"], asked=1)
        return self.back_to_row(object_id)

    def count_bulk(self, form: RowsForm) -> int:
        """How many rows the verb can be done to."""
        return self._selected(form).count()

    def start_bulk(self, request: HttpRequest, form: RowsForm) -> HttpResponse:
        """Act on the first of them, and lead back to the list."""
        ids = list(self._selected(form).order_by("position").values_list("pk", flat=True)[: self.bulk_max])
        self._act(request, ids, form.cleaned_data["verb"], form.cleaned_data["reason"], asked=len(ids))
        if left := self._selected(form).count():
            messages.warning(request, f"There are {left} more: act on them again.")
        filters = {name: value for name, value in form.filters.items() if name in {"topic", "event_type"}}
        return HttpResponseRedirect(list_url("outbox_outboxevent", **filters))

    def _selected(self, form: RowsForm) -> OutboxQuerySet:
        _, possible, _ = ACTIONS[form.cleaned_data["verb"]]
        return possible(OutboxEvent.objects.filter(form.selection()))

    def act_on_selection(self, request: HttpRequest, queryset: QuerySet[OutboxEvent], verb: str, reason: str) -> None:
        """Act on those of the selected rows that the verb is for."""
        asked = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        self._act(request, list(queryset.values_list("pk", flat=True)), verb, reason, asked=asked)

    def _act(self, request: HttpRequest, ids: list[int], verb: str, reason: str, *, asked: int) -> None:
        act, possible, done = ACTIONS[verb]
        changed = 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            rows = list(possible(OutboxEvent.objects.filter(pk__in=chunk)).only("event_type", "event_id"))
            changed += act(chunk, actor=actor_of(request), reason=reason)
            self.audit(request, rows, f"{verb.capitalize()}: {reason}")
        self.report(request, changed, asked, done)


ACTIONS: dict[str, tuple[Callable[..., int], Callable[[OutboxQuerySet], OutboxQuerySet], str]] = {
    "retry": (retry_outbox_rows, OutboxQuerySet.stuck, "retried; only dead and waiting rows can be"),
    "discard": (discard_outbox_rows, OutboxQuerySet.dead, "discarded; only dead rows can be"),
}
