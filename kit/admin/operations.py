"""Bulk operations in the admin: what was begun, by whom and why, how far it is, and how it is stopped."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from kit.admin.display import Part, json_block, progress_bar
from kit.admin.operated import OperatedAdmin, row_action
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog
from kit.exceptions import OperationFinished
from kit.operations import Operation

STATES = {
    "queued": "info",
    "running": "warning",
    "done": "success",
    "cancelled": "default",
    "failed": "danger",
    "nothing done": "danger",
}


class OperationAdmin(OperatedAdmin):
    """Operations of one table, newest first; subclasses say what they count and how one is cancelled."""

    rows_name: ClassVar[str]
    """What one row is called that they deal with."""
    everything: ClassVar[str]
    """What a filter means that says nothing."""
    list_display = ("id", "verb_label", "state_label", "progress", "rate", "actor", "reason", "created_at")
    list_filter = ("state", "verb")
    ordering = ("-id",)
    actions_detail = ("cancel",)
    change_form_before_template = "admin/kit/operation_progress.html"

    def parts(self, operation: Any) -> list[Part]:
        """What it has dealt with, by outcome."""
        raise NotImplementedError

    def cancel_operation(self, operation_id: int, *, actor: str, reason: str) -> Any:
        """End it before its time; the operation. Raises `OperationFinished`."""
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one, with how far it is."""
        operation = self.get_object(request, object_id)
        parts = self.parts(operation) if operation else []
        dealt_with = sum(part.number for part in parts)
        progress = {"rows_name": self.rows_name, "parts": parts, "dealt_with": dealt_with}
        shown: HttpResponse = super().change_view(request, object_id, form_url, (extra_context or {}) | progress)
        return shown

    def possible_actions(self, row: Operation) -> Collection[str]:
        """Nothing can be done any more about an operation that has ended."""
        return self.actions_detail if row.is_live else ()

    @display(description="state", label=STATES)
    def state_label(self, operation: Any) -> str:
        """How far it is; set off where it is done and nothing was."""
        was_in_vain = operation.state == Operation.State.DONE and operation.total and not operation.done
        return "nothing done" if was_in_vain else operation.state

    @display(description="progress")
    def progress(self, operation: Any) -> SafeString:
        """A bar, and the numbers."""
        return progress_bar(self.parts(operation), total=operation.total)

    @display(description="filter")
    def filter_text(self, operation: Any) -> SafeString:
        """The filter as indented JSON."""
        return json_block(operation.filter or {"all": self.everything})

    @row_action(
        description="Cancel",
        url_path="cancel",
        variant=ActionVariant.DANGER,
        dialog=reason_dialog("Cancel", "What is still to come is left as it is.", submit="Cancel the operation"),
    )
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: int) -> HttpResponse:
        """Stop behind what is in hand."""
        reason = form.cleaned_data["reason"]
        try:
            operation = self.cancel_operation(object_id, actor=actor_of(request), reason=reason)
        except OperationFinished as error:
            messages.warning(request, f"{error}.")
        else:
            self.audit(request, [operation], f"Cancelled: {reason}")
            messages.success(request, f"Cancelled after {operation.done} of {operation.total}.")
        return self.back_to_row(object_id)
