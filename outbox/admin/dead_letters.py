"""Dead letters: messages that a consumer group could not handle, and what an operator can do about them."""

from collections.abc import Collection
from typing import ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action
from unfold.enums import ActionVariant

from kit.admin.bulk import BulkAdmin
from kit.admin.operated import row_action, selection_action
from kit.admin.pages import admin_page
from kit.admin.read_only import uuid_of
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog
from outbox.admin.blockers import find_blockers
from outbox.admin.dead_letter_fields import NOWHERE, DeadLetterFields, dead_letter_url, operation_url
from outbox.admin.dead_letter_forms import DeadLettersForm, EditForm
from outbox.admin.dead_letter_list_filters import FAILURE_GROUPS, ArchivedFilter, FailureGroupFilter, OperationFilter
from outbox.dead_letters.edits import edit_and_retry
from outbox.dead_letters.groups import failure_groups
from outbox.dead_letters.operations import affected, start_operation
from outbox.dead_letters.selection import DeadLetterFilter, by_ids
from outbox.exceptions import DeadLetterNotOpen, InvalidEdit
from outbox.models import DeadLetter, DeadLetterOperation


@admin.register(DeadLetter)
class DeadLetterAdmin(DeadLetterFields, BulkAdmin):
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
    retry = selection_action("retry", "Retry")
    discard = selection_action("discard", "Discard")
    archive = selection_action("archive", "Archive")
    actions_list = ("failure_groups", "operate")
    actions_detail = ("retry_dead_letter", "edit_dead_letter", "discard_dead_letter", "archive_dead_letter")
    bulk_form = DeadLettersForm
    verbs: ClassVar = {
        "retry": "A worker gives them to their group's handlers again, those of one key in the order they came.",
        "discard": "They are closed without being handled.",
        "archive": "They are left out of lists and failure groups; they are kept, and can be retried.",
    }
    fieldsets = (
        (
            "Failure",
            {"fields": ("state", "exception", "message_text", "where", "blocker", "group_link", "attempts")},
        ),
        (
            "Message",
            {"fields": ("consumer", "event_type", "event_link", "place", "key_text", "headers_text", "body_text")},
        ),
        ("When", {"fields": ("first_failed_at", "last_failed_at", "archived_at", "copied")}),
        ("What operators have done", {"fields": ("edited_link", "operations_text")}),
    )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A page of dead letters, with what blocks those that were parked."""
        page: ChangeList = super().get_changelist_instance(request)
        find_blockers(page.result_list)
        return page

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> DeadLetter | None:
        """A dead letter, with what blocks it if it was parked."""
        dead_letter: DeadLetter | None = super().get_object(request, object_id, from_field)
        find_blockers([dead_letter] if dead_letter else [])
        return dead_letter

    def possible_actions(self, row: DeadLetter) -> Collection[str]:
        """An open dead letter is decided about; a closed one is put away; one in a worker's hands is neither."""
        is_open = row.status == DeadLetter.Status.OPEN
        decisions = ("retry_dead_letter", "edit_dead_letter", "discard_dead_letter") if is_open else ()
        put_away = row.archived_at is None and row.status != DeadLetter.Status.RETRYING
        return (*decisions, "archive_dead_letter") if put_away else decisions

    def term_filter(self, term: str) -> Q:
        """The dead letters of an event, or those whose exception said it."""
        event_id = uuid_of(term)
        return Q(event_id=event_id) if event_id else Q(message__icontains=term)

    @action(description="Failure groups", url_path="failure-groups", permissions=["view"], icon="bug_report")
    def failure_groups(self, request: HttpRequest) -> HttpResponse:
        """What goes wrong, where and how often, and what can be done about all of it at once."""
        context = {
            "title": "Failure groups",
            "groups": failure_groups(limit=FAILURE_GROUPS),
            "nowhere": NOWHERE,
            "may_operate": self.has_operate_permission(request),
        }
        return admin_page(self, request, "admin/outbox/failure_groups.html", context)

    def count_bulk(self, form: DeadLettersForm) -> int:
        """How many dead letters the verb can be done to."""
        return affected(form.cleaned_data["verb"], form.selection()).count()

    def start_bulk(self, request: HttpRequest, form: DeadLettersForm) -> HttpResponse:
        """Begin an operation, and lead to it."""
        verb, reason, rate = (form.cleaned_data[name] for name in ("verb", "reason", "rate"))
        operation = self._start(request, verb, form.selection(), reason, rate)
        return HttpResponseRedirect(operation_url(operation.pk))

    @row_action(
        description="Retry",
        url_path="retry",
        variant=ActionVariant.PRIMARY,
        dialog=reason_dialog("Retry", "A worker gives the message to its group's handlers again."),
    )
    def retry_dead_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Have this dead letter handled again."""
        return self._act_on_one(request, "retry", object_id, form, "will be handled again by a worker")

    @row_action(description="Edit and retry", url_path="edit")
    def edit_dead_letter(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Have an edited copy of this dead letter handled in its place."""
        dead_letter = DeadLetter.objects.get(pk=object_id)
        if dead_letter.status != DeadLetter.Status.OPEN:
            messages.warning(request, f"{DeadLetterNotOpen(dead_letter.pk, dead_letter.status)}.")
            return HttpResponseRedirect(dead_letter_url(dead_letter.pk))
        form = EditForm.of(dead_letter, request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                copy, _ = edit_and_retry(dead_letter.pk, form.edit(), actor=actor_of(request), reason=reason)
            except InvalidEdit as error:
                form.add_error(error.pointer.removeprefix("/") or "body", str(error))
            except DeadLetterNotOpen as error:
                messages.warning(request, f"{error}.")
                return HttpResponseRedirect(dead_letter_url(dead_letter.pk))
            else:
                self.audit(request, [dead_letter], f"Replaced by the edited copy {copy.pk}: {reason}")
                self.audit(request, [copy], f"Edited from dead letter {dead_letter.pk}, and to be handled: {reason}")
                messages.success(request, f"Dead letter {copy.pk} is an edited copy and will be handled by a worker.")
                return HttpResponseRedirect(dead_letter_url(copy.pk))
        context = {
            "title": f"Edit and retry dead letter {dead_letter.pk}",
            "form": form,
            "dead_letter": dead_letter,
            "back": dead_letter_url(dead_letter.pk),
        }
        return admin_page(self, request, "admin/outbox/edit_dead_letter.html", context)

    @row_action(
        description="Discard",
        url_path="discard",
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Discard", "The message is closed without being handled."),
    )
    def discard_dead_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Close this dead letter."""
        return self._act_on_one(request, "discard", object_id, form, "discarded")

    @row_action(
        description="Archive",
        url_path="archive",
        dialog=reason_dialog("Archive", "It is left out of lists; it is kept, and can be retried."),
    )
    def archive_dead_letter(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Leave this dead letter out of lists."""
        return self._act_on_one(request, "archive", object_id, form, "archived")

    def act_on_selection(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter], verb: str, reason: str
    ) -> HttpResponse | None:
        """Begin an operation on the selected dead letters, and lead to it."""
        selected = list(queryset)
        if not selected:
            return None
        operation = self._start(request, verb, by_ids(*(dead_letter.pk for dead_letter in selected)), reason)
        self.audit(request, selected, f"{verb.capitalize()}, by operation {operation.pk}: {reason}")
        asked = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        self.report(request, operation.total, asked, "enqueued; the others were in another state")
        return HttpResponseRedirect(operation_url(operation.pk))

    def _act_on_one(self, request: HttpRequest, verb: str, object_id: int, form: ReasonForm, done: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        operation = self._start(request, verb, by_ids(object_id), reason)
        if operation.total:
            dead_letters = DeadLetter.objects.filter(pk=object_id)
            self.audit(request, dead_letters, f"{verb.capitalize()}, by operation {operation.pk}: {reason}")
        self.report(request, operation.total, 1, done)
        return self.back_to_row(object_id)

    def _start(
        self, request: HttpRequest, verb: str, selection: DeadLetterFilter, reason: str, rate: float | None = None
    ) -> DeadLetterOperation:
        operation, _ = start_operation(verb, selection, actor=actor_of(request), reason=reason, rate=rate)
        self.audit(request, [operation], f"Begun with {operation.total} dead letters: {reason}")
        return operation
