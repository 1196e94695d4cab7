"""Dead-letter operations: what was begun, by whom and why, how far it is, and how it is stopped."""

from collections.abc import Collection

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from kit.admin.display import json_block, link, progress_bar
from kit.admin.operated import OperatedAdmin, row_action
from kit.admin.pages import list_url
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog
from outbox.dead_letters.operations import cancel_operation
from outbox.exceptions import OperationFinished
from outbox.models import DeadLetterOperation, OperationItem

STATES = {"queued": "info", "running": "warning", "done": "success", "cancelled": "default", "failed": "danger"}
VERBS = {"retry": "info", "discard": "danger", "archive": "default"}


@admin.register(DeadLetterOperation)
class DeadLetterOperationAdmin(OperatedAdmin):
    """Operations on dead letters, newest first."""

    list_display = ("id", "verb_label", "state_label", "progress", "rate", "actor", "reason", "created_at")
    list_filter = ("state", "verb")
    ordering = ("-id",)
    actions_detail = ("cancel",)
    change_form_before_template = "admin/outbox/operation_progress.html"
    fieldsets = (
        ("What", {"fields": ("verb_label", "filter_text", "rate", "dead_letters_link")}),
        ("Who and why", {"fields": ("actor", "reason", "request_id", "cancelled_by", "cancel_reason")}),
        ("When", {"fields": ("created_at", "started_at", "finished_at", "error")}),
    )

    def possible_actions(self, row: DeadLetterOperation) -> Collection[str]:
        """Nothing can be done any more about an operation that has ended."""
        return self.actions_detail if row.is_live else ()

    @display(description="what", label=VERBS)
    def verb_label(self, operation: DeadLetterOperation) -> str:
        """What is done to each dead letter."""
        return operation.verb

    @display(description="state", label=STATES)
    def state_label(self, operation: DeadLetterOperation) -> str:
        """How far it is."""
        return operation.state

    @display(description="progress")
    def progress(self, operation: DeadLetterOperation) -> SafeString:
        """A bar, and the numbers."""
        return progress_bar(
            done=operation.done, failed=operation.failed, skipped=operation.skipped, total=operation.total
        )

    @display(description="filter")
    def filter_text(self, operation: DeadLetterOperation) -> SafeString:
        """The filter as indented JSON."""
        return json_block(operation.filter or {"all": "open dead letters that are not archived"})

    @display(description="dead letters")
    def dead_letters_link(self, operation: DeadLetterOperation) -> SafeString:
        """The dead letters that it was begun with, and those of them that failed."""
        dead_letters = list_url("outbox_deadletter", archived="any", operation=operation.pk)
        failed = f"{dead_letters}-{OperationItem.State.FAILED}"
        return format_html(
            "{} · {}", link(dead_letters, f"all {operation.total}"), link(failed, f"{operation.failed} failed")
        )

    @row_action(
        description="Cancel",
        url_path="cancel",
        variant=ActionVariant.DANGER,
        dialog=reason_dialog(
            "Cancel", "Dead letters that are still to come are open again.", submit="Cancel the operation"
        ),
    )
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Stop behind the dead letter in hand."""
        reason = form.cleaned_data["reason"]
        try:
            operation = cancel_operation(object_id, actor=actor_of(request), reason=reason)
        except OperationFinished as error:
            messages.warning(request, f"{error}.")
        else:
            self.audit(request, [operation], f"Cancelled: {reason}")
            messages.success(request, f"Cancelled after {operation.done} of {operation.total}.")
        return self.back_to_row(object_id)
