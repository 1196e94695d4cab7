"""What does an operator see of messages that could not be handled, and what can be done about them?"""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from events.console import block
from outbox.admin.base import OperatedAdmin, ReasonForm, reason_dialog
from outbox.admin.display import actor_of, indented, readable, tell, uuid_of
from outbox.letter_operations import discard_dead_letters, retry_dead_letters
from outbox.models import DeadLetter

FAILURE_GROUPS = 50
LETTER_STATES = {"open": "danger", "retrying": "warning", "retried": "success", "discarded": "default"}


class FailureGroupFilter(admin.SimpleListFilter):
    """Groups open dead letters by what went wrong where, the most frequent first."""

    title = "failure"
    parameter_name = "failure_group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The groups with their sizes."""
        groups = (
            DeadLetter.objects.filter(status=DeadLetter.Status.OPEN)
            .values("failure_group")
            .annotate(number=Count("*"), exception=Max("exception"), frame=Max("frame"))
            .order_by("-number")[:FAILURE_GROUPS]
        )
        return [
            (group["failure_group"], f"{group['exception']} at {group['frame']} ({group['number']})")
            for group in groups
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        """The letters of the chosen group."""
        value = (self.value() or "").replace("\0", "")
        return queryset.filter(failure_group=value) if value else queryset


@admin.register(DeadLetter)
class DeadLetterAdmin(OperatedAdmin):
    """Messages that a consumer group could not handle, newest first."""

    list_display = ("id", "state", "consumer", "event_type", "what", "place", "attempts", "last_failed_at")
    list_filter = (FailureGroupFilter, "status", "consumer")
    ordering = ("-id",)
    search_fields = ("event_id",)
    search_help_text = "An event id, in full"
    actions = ("retry", "discard")
    actions_detail = ("retry_letter", "discard_letter")
    fieldsets = (
        ("Failure", {"fields": ("state", "exception", "message", "frame", "failure_group", "attempts")}),
        ("When", {"fields": ("first_failed_at", "last_failed_at")}),
        (
            "Message",
            {"fields": ("consumer", "event_type", "event_id", "place", "key_text", "headers_text", "body_text")},
        ),
    )

    @display(description="state", label=LETTER_STATES)
    def state(self, letter: DeadLetter) -> str:
        """What has become of it."""
        return letter.status

    @display(description="failure", ordering="failure_group")
    def what(self, letter: DeadLetter) -> str:
        """What went wrong where."""
        return f"{letter.exception} at {letter.frame}"

    @display(description="place")
    def place(self, letter: DeadLetter) -> str:
        """Topic, partition and offset."""
        return f"{letter.topic}[{letter.partition}] at {letter.offset}"

    @display(description="key")
    def key_text(self, letter: DeadLetter) -> SafeString:
        """The key."""
        return block("" if letter.key is None else readable(bytes(letter.key)))

    @display(description="headers")
    def headers_text(self, letter: DeadLetter) -> SafeString:
        """The headers as indented JSON."""
        return block(indented(dict(letter.headers)))

    @display(description="body")
    def body_text(self, letter: DeadLetter) -> SafeString:
        """The body, indented when it is JSON."""
        body = bytes(letter.body or b"")
        if len(body) > 100_000:
            return block(readable(body[:100_000]) + f"\n… of {filesizeformat(len(body))}")
        try:
            return block(indented(json.loads(body)))
        except (ValueError, RecursionError):
            return block(readable(body))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter], search_term: str
    ) -> tuple[QuerySet[DeadLetter], bool]:
        """The letters of an event."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(event_id=event_id) if (event_id := uuid_of(term)) else Q(pk__in=[])), False

    @admin.action(description="Retry", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        """Have the selected letters handled again."""
        ids = list(queryset.values_list("pk", flat=True))
        asked = retry_dead_letters(*ids, actor=actor_of(request), reason="selected in the admin").total
        tell(request, asked, len(ids), "will be handled again by a worker; the others were not open")

    @admin.action(description="Discard", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        """Close the selected letters."""
        ids = list(queryset.values_list("pk", flat=True))
        discarded = discard_dead_letters(*ids, actor=actor_of(request), reason="selected in the admin")
        tell(request, discarded, len(ids), "discarded; the others were not open")

    @action(
        description="Retry",
        url_path="retry",
        permissions=["operate"],
        dialog=reason_dialog("Retry", "A worker gives the message to its group's handlers again.", "Retry"),
    )
    def retry_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Have this letter handled again."""
        asked = retry_dead_letters(object_id, actor=actor_of(request), reason=form.cleaned_data["reason"])
        tell(request, asked, 1, "will be handled again by a worker")
        return self._back_to(object_id)

    @action(
        description="Discard",
        url_path="discard",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Discard", "The message is closed without being handled.", "Discard"),
    )
    def discard_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Close this letter."""
        discarded = discard_dead_letters(object_id, actor=actor_of(request), reason=form.cleaned_data["reason"])
        tell(request, discarded, 1, "discarded")
        return self._back_to(object_id)
