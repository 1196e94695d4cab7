"""Operations on many sagas: what was begun, by whom and why, how far it is, what was refused, and how it is stopped."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from kit.admin.display import Part, json_block, link, table
from kit.admin.operations import OperationAdmin
from kit.admin.pages import row_url
from sagas.models import SagaOperation
from sagas.operating.actions import ACTIONS, PERMISSION
from sagas.operating.operations import cancel_operation, refused_items

VERBS = {verb: "danger" if action.dangerous else "info" for verb, action in ACTIONS.items()}
REFUSED = "their state did not allow it, or they were gone"


@admin.register(SagaOperation)
class SagaOperationAdmin(OperationAdmin):
    """Operations on many sagas, newest first."""

    rows_name = "saga"
    everything = "sagas that have not ended"
    operate_permission = PERMISSION
    fieldsets = (
        ("What", {"fields": ("verb_label", "arguments_text", "filter_text", "rate", "refused_ones")}),
        ("Who and why", {"fields": ("actor", "reason", "request_id", "cancelled_by", "cancel_reason")}),
        ("When", {"fields": ("created_at", "started_at", "finished_at", "error")}),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may see sagas may see what is done to many of them."""
        return request.user.has_perm("sagas.view_sagastate") or bool(super().has_view_permission(request, obj))

    def parts(self, operation: SagaOperation) -> list[Part]:
        """What it has dealt with, by outcome."""
        return [
            Part(name="done", number=operation.done, colour="bg-green-500"),
            Part(name="refused", number=operation.refused, colour="bg-red-500", meaning=REFUSED),
        ]

    def cancel_operation(self, operation_id: int, *, actor: str, reason: str) -> Any:
        """Stop behind the instance in hand."""
        return cancel_operation(operation_id, actor=actor, reason=reason)

    @display(description="what", label=VERBS)
    def verb_label(self, operation: SagaOperation) -> str:
        """What is done to each instance."""
        return operation.verb

    @display(description="with")
    def arguments_text(self, operation: SagaOperation) -> SafeString | str:
        """What the verb was told, such as the step."""
        return json_block(operation.arguments) if operation.arguments else "-"

    @display(description="refused")
    def refused_ones(self, operation: SagaOperation) -> SafeString:
        """The first instances that it was refused on, and why."""
        rows = [
            (link(row_url("sagas_sagastate", item.saga_id), item.key), format_html("{}", item.why_not))
            for item in refused_items(operation)
        ]
        return table(("Saga", "Why not"), rows)
