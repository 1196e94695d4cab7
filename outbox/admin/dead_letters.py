"""What does an operator see of messages that could not be handled, and what can be done about them?"""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from events.console import block
from outbox.admin.base import OperatedAdmin, ReasonForm, reason_dialog
from outbox.admin.display import actor_of, indented, link, readable, table, tell, uuid_of
from outbox.admin.letter_forms import EditForm, OperateForm
from outbox.exceptions import InvalidEdit, LetterNotOpen
from outbox.failure_groups import failure_groups
from outbox.letter_edits import LetterEdit, edit_and_retry
from outbox.letter_filters import LetterFilter
from outbox.letter_operations import affected, start_operation
from outbox.models import DeadLetter, DeadLetterOperation, OperationItem

FAILURE_GROUPS = 50
LATEST_OPERATIONS = 5
LETTER_STATES = {
    "open": "danger",
    "retrying": "warning",
    "retried": "success",
    "discarded": "default",
    "replaced": "info",
}
VERBS = {
    "retry": "A worker gives them to their group's handlers again, those of one key in the order in which they came.",
    "discard": "They are closed without being handled.",
    "archive": "They are left out of lists and failure groups; they are kept, and can be retried.",
}


class FailureGroupFilter(admin.SimpleListFilter):
    """Groups open dead letters by what went wrong where, the most frequent first."""

    title = "failure"
    parameter_name = "failure_group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The groups with their sizes."""
        groups = (
            DeadLetter.objects.filter(status=DeadLetter.Status.OPEN, archived_at=None)
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


class OperationFilter(admin.SimpleListFilter):
    """Narrows letters to those of one operation, or those of them that failed in it; its page leads here."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The latest operations, and the one that is chosen."""
        latest = DeadLetterOperation.objects.order_by("-id")[:LATEST_OPERATIONS]
        offered = {str(operation.pk): f"{operation} by {operation.actor}" for operation in latest}
        chosen = request.GET.get(self.parameter_name, "")
        return list(({chosen: chosen} if chosen and chosen not in offered else {}).items()) + list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        """The letters that were taken in, in any state or the one that is named behind a dash."""
        number, _, state = (self.value() or "").partition("-")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return queryset
        items = OperationItem.objects.filter(operation_id=int(number))
        items = items.filter(state=state.replace("\0", "")) if state else items
        return queryset.filter(pk__in=items.values("letter_id"))


class ArchivedFilter(admin.SimpleListFilter):
    """Hides archived letters unless they are asked for."""

    title = "archive"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What is not the usual list."""
        return [("yes", "archived only"), ("any", "archived too")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        """The letters that are in the list."""
        match self.value():
            case "yes":
                return queryset.filter(archived_at__isnull=False)
            case "any":
                return queryset
            case _:
                return queryset.filter(archived_at=None)


@admin.register(DeadLetter)
class DeadLetterAdmin(OperatedAdmin):
    """Messages that a consumer group could not handle, newest first."""

    list_display = ("id", "state", "consumer", "event_type", "what", "place", "attempts", "last_failed_at")
    list_filter = (
        *(ArchivedFilter, FailureGroupFilter, "status", "consumer", "event_type", "topic"),
        *("last_failed_at", OperationFilter),
    )
    ordering = ("-id",)
    search_fields = ("event_id",)
    search_help_text = "An event id in full, or a part of what the exception said"
    actions = ("retry", "discard", "archive")
    actions_list = ("failure_groups", "operate")
    actions_detail = ("retry_letter", "edit_letter", "discard_letter", "archive_letter")
    fieldsets = (
        ("Failure", {"fields": ("state", "exception", "message_text", "frame", "group_link", "attempts")}),
        (
            "Message",
            {"fields": ("consumer", "event_type", "event_link", "place", "key_text", "headers_text", "body_text")},
        ),
        ("When", {"fields": ("first_failed_at", "last_failed_at", "archived_at", "copied")}),
        ("What operators have done", {"fields": ("edited_link", "operations_text")}),
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

    @display(description="message")
    def message_text(self, letter: DeadLetter) -> SafeString:
        """What the exception said."""
        return block(letter.message)

    @display(description="failure group")
    def group_link(self, letter: DeadLetter) -> SafeString:
        """The group, leading to its letters."""
        url = f"{reverse('admin:outbox_deadletter_changelist')}?failure_group={letter.failure_group}"
        return link(url, f"{letter.failure_group}: all of this kind at this place")

    @display(description="event")
    def event_link(self, letter: DeadLetter) -> SafeString:
        """The event in the log, where it is one of ours."""
        url = f"{reverse('admin:events_domainevent_changelist')}?q={letter.event_id}"
        return link(url, f"{letter.event_id}: look for it in the log")

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
        return block(_readable_body(body))

    @display(description="copy on the dead-letter topic")
    def copied(self, letter: DeadLetter) -> str:
        """Whether and when its copy was published."""
        if letter.edited_from_id:
            return "none: an edited copy was never on a topic"
        if letter.dlq_error:
            return f"refused: {letter.dlq_error}"
        return f"since {letter.dlq_published_at:%Y-%m-%d %H:%M:%S} UTC" if letter.dlq_published_at else "not yet"

    @display(description="edited copy")
    def edited_link(self, letter: DeadLetter) -> SafeString | str:
        """The letter's original or copy, leading to it."""
        if letter.edited_from_id:
            return link(_letter_url(letter.edited_from_id), f"This is an edited copy of letter {letter.edited_from_id}")
        copy = DeadLetter.objects.filter(edited_from=letter).first()
        return link(_letter_url(copy.pk), f"Letter {copy.pk} is handled in its place") if copy else "-"

    @display(description="operations")
    def operations_text(self, letter: DeadLetter) -> SafeString | str:
        """What was asked for, by whom and why, and what came of it."""
        items = letter.operation_items.select_related("operation").order_by("-id")[:20]
        rows = [
            [
                link(_operation_url(item.operation_id), f"{item.operation.verb} {item.operation_id}"),
                *(item.state, item.operation.actor, item.operation.reason),
                f"{item.operation.created_at:%Y-%m-%d %H:%M:%S}",
            ]
            for item in items
        ]
        return table(("operation", "this letter", "who", "why", "when (UTC)"), rows) if rows else "-"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter], search_term: str
    ) -> tuple[QuerySet[DeadLetter], bool]:
        """The letters of an event, or those whose exception said it."""
        term = search_term.strip().replace("\0", "")
        if not term:
            return queryset, False
        event_id = uuid_of(term)
        return queryset.filter(Q(event_id=event_id) if event_id else Q(message__icontains=term)), False

    @admin.action(description="Retry", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        """Have the selected letters handled again."""
        return self._act_on_selection(request, queryset, "retry")

    @admin.action(description="Discard", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        """Close the selected letters."""
        return self._act_on_selection(request, queryset, "discard")

    @admin.action(description="Archive", permissions=["operate"])
    def archive(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        """Leave the selected letters out of lists."""
        return self._act_on_selection(request, queryset, "archive")

    @action(description="Failure groups", url_path="failure-groups", permissions=["view"], icon="bug_report")
    def failure_groups(self, request: HttpRequest) -> HttpResponse:
        """What goes wrong, where and how often, and what can be done about all of it at once."""
        context = self.admin_site.each_context(request) | {
            "title": "Failure groups",
            "groups": failure_groups(limit=FAILURE_GROUPS),
            "may_operate": self.has_operate_permission(request),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/outbox/failure_groups.html", context)

    @action(description="Act on many", url_path="operate", permissions=["operate"], icon="rule")
    def operate(self, request: HttpRequest) -> HttpResponse:
        """Retry, discard or archive all that a filter means."""
        if not self.has_operate_permission(request):
            raise Http404
        form = OperateForm(request.POST) if request.method == "POST" else OperateForm(initial=request.GET.dict())
        counted = None
        if request.method == "POST" and form.is_valid():
            wanted, verb = form.wanted(), form.cleaned_data["verb"]
            if "start" in request.POST and form.cleaned_data["reason"]:
                operation = self._start(request, verb, wanted, form.cleaned_data["reason"], form.cleaned_data["rate"])
                return HttpResponseRedirect(_operation_url(operation.pk))
            counted = affected(verb, wanted).count()
            if "start" in request.POST:
                form.add_error("reason", "Say why.")
        context = self.admin_site.each_context(request) | {
            "title": "Act on many dead letters",
            "form": form,
            "counted": counted,
            "verbs": VERBS,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/outbox/operate.html", context)

    @action(
        description="Retry",
        url_path="retry",
        permissions=["operate"],
        variant=ActionVariant.PRIMARY,
        dialog=reason_dialog("Retry", "A worker gives the message to its group's handlers again.", "Retry"),
    )
    def retry_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Have this letter handled again."""
        return self._act_on_one(request, "retry", object_id, form, "will be handled again by a worker")

    @action(description="Edit and retry", url_path="edit", permissions=["operate"])
    def edit_letter(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Have an edited copy of this letter handled in its place."""
        letter = DeadLetter.objects.filter(pk=object_id).first()
        if letter is None:
            raise Http404
        body = _readable_body(bytes(letter.body or b""))
        form = EditForm(request.POST or None, initial={"body": body, "event_type": letter.event_type})
        if request.method == "POST" and form.is_valid():
            edit = LetterEdit(body=form.cleaned_data["body"], event_type=form.cleaned_data["event_type"] or None)
            reason = form.cleaned_data["reason"]
            try:
                copy, _ = edit_and_retry(letter.pk, edit, actor=actor_of(request), reason=reason)
            except (InvalidEdit, LetterNotOpen) as error:
                form.add_error("body", str(error))
            else:
                self.audit(request, [letter], f"Replaced by the edited copy {copy.pk}: {reason}")
                self.audit(request, [copy], f"Edited from letter {letter.pk}, and to be handled: {reason}")
                messages.success(request, f"Letter {copy.pk} is an edited copy and will be handled by a worker.")
                return HttpResponseRedirect(_letter_url(copy.pk))
        context = self.admin_site.each_context(request) | {
            "title": f"Edit and retry letter {letter.pk}",
            "form": form,
            "letter": letter,
            "back": _letter_url(letter.pk),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/outbox/edit_letter.html", context)

    @action(
        description="Discard",
        url_path="discard",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Discard", "The message is closed without being handled.", "Discard"),
    )
    def discard_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Close this letter."""
        return self._act_on_one(request, "discard", object_id, form, "discarded")

    @action(
        description="Archive",
        url_path="archive",
        permissions=["operate"],
        dialog=reason_dialog("Archive", "The letter is left out of lists; it is kept, and can be retried.", "Archive"),
    )
    def archive_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Leave this letter out of lists."""
        return self._act_on_one(request, "archive", object_id, form, "archived")

    def _act_on_selection(self, request: HttpRequest, queryset: QuerySet[DeadLetter], verb: str) -> HttpResponse | None:
        reason = self.ask_reason(
            request,
            queryset,
            action=verb,
            title=f"{verb.capitalize()} dead letters",
            description=VERBS[verb],
            danger=verb == "discard",
        )
        if isinstance(reason, HttpResponse):
            return reason
        selected = list(queryset)
        wanted = LetterFilter(ids=tuple(letter.pk for letter in selected), archived=None)
        operation = self._start(request, verb, wanted, reason)
        self.audit(request, selected, f"{verb.capitalize()}, by operation {operation.pk}: {reason}")
        tell(request, operation.total, len(selected), "taken in; the others were in another state")
        return HttpResponseRedirect(_operation_url(operation.pk))

    def _act_on_one(self, request: HttpRequest, verb: str, object_id: int, form: ReasonForm, done: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        operation = self._start(request, verb, LetterFilter(ids=(int(object_id),), archived=None), reason)
        if operation.total:
            letters = DeadLetter.objects.filter(pk=object_id)
            self.audit(request, letters, f"{verb.capitalize()}, by operation {operation.pk}: {reason}")
        tell(request, operation.total, 1, done)
        return self._back_to(object_id)

    def _start(
        self, request: HttpRequest, verb: str, wanted: LetterFilter, reason: str, rate: float | None = None
    ) -> DeadLetterOperation:
        operation, _ = start_operation(verb, wanted, actor=actor_of(request), reason=reason, rate=rate)
        self.audit(request, [operation], f"Begun with {operation.total} letters: {reason}")
        return operation


def _readable_body(body: bytes) -> str:
    try:
        return indented(json.loads(body))
    except (ValueError, RecursionError):
        return readable(body)


def _letter_url(letter_id: int) -> str:
    return reverse("admin:outbox_deadletter_change", args=[letter_id])


def _operation_url(operation_id: int) -> str:
    return reverse("admin:outbox_deadletteroperation_change", args=[operation_id])
