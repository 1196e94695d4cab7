"""Dead-letter operations: what was begun, by whom and why, how far it is, and how it is stopped."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from kit.admin.display import Part, link
from kit.admin.operations import OperationAdmin
from kit.admin.pages import list_url
from outbox.dead_letters.operations import cancel_operation
from outbox.models import DeadLetterOperation, OperationItem

VERBS = {"retry": "info", "discard": "danger", "archive": "default"}
SKIPPED = "changed meanwhile, or behind one of their key that failed"


@admin.register(DeadLetterOperation)
class DeadLetterOperationAdmin(OperationAdmin):
    """Operations on dead letters, newest first."""

    rows_name = "dead letter"
    everything = "open dead letters that are not archived"
    fieldsets = (
        ("What", {"fields": ("verb_label", "filter_text", "rate", "dead_letters_link")}),
        ("Who and why", {"fields": ("actor", "reason", "request_id", "cancelled_by", "cancel_reason")}),
        ("When", {"fields": ("created_at", "started_at", "finished_at", "error")}),
    )

    def parts(self, operation: DeadLetterOperation) -> list[Part]:
        """What it has dealt with, by outcome."""
        return [
            Part(name="done", number=operation.done, colour="bg-green-500"),
            Part(name="failed again", number=operation.failed, colour="bg-red-500"),
            Part(name="skipped", number=operation.skipped, colour="bg-orange-500", meaning=SKIPPED),
        ]

    def cancel_operation(self, operation_id: int, *, actor: str, reason: str) -> Any:
        """Stop behind the dead letter in hand."""
        return cancel_operation(operation_id, actor=actor, reason=reason)

    @display(description="what", label=VERBS)
    def verb_label(self, operation: DeadLetterOperation) -> str:
        """What is done to each dead letter."""
        return operation.verb

    @display(description="dead letters")
    def dead_letters_link(self, operation: DeadLetterOperation) -> SafeString:
        """The dead letters that it was begun with, and those of them that failed."""
        dead_letters = list_url("outbox_deadletter", archived="any", operation=operation.pk)
        failed = f"{dead_letters}-{OperationItem.State.FAILED}"
        return format_html(
            "{} · {}", link(dead_letters, f"all {operation.total}"), link(failed, f"{operation.failed} failed")
        )
