"""List filters of dead letters: by failure group, by operation, and by the archive."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest

from kit.admin.filters import ColumnFilter
from outbox.admin.dead_letter_fields import failure
from outbox.models import DeadLetter, DeadLetterOperation, OperationItem

FAILURE_GROUPS = 50
LATEST_OPERATIONS = 5


class FailureGroupFilter(ColumnFilter):
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
            (group["failure_group"], f"{failure(group['exception'], group['frame'])} ({group['number']})")
            for group in groups
        ]


class OperationFilter(admin.SimpleListFilter):
    """Narrows dead letters to those of one operation, or those of them that failed in it; its page leads here."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The latest operations, and the one that is chosen."""
        latest = DeadLetterOperation.objects.order_by("-id")[:LATEST_OPERATIONS]
        offered = {str(operation.pk): f"{operation} by {operation.actor}" for operation in latest}
        chosen = request.GET.get(self.parameter_name, "")
        return list(({chosen: chosen} if chosen and chosen not in offered else {}).items()) + list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        """The dead letters of the operation, in any state or in the one that is named behind a dash."""
        number, _, state = (self.value() or "").partition("-")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return queryset
        items = OperationItem.objects.filter(operation_id=int(number))
        items = items.filter(state=state) if state else items
        return queryset.filter(pk__in=items.values("dead_letter_id"))


class ArchivedFilter(admin.SimpleListFilter):
    """Hides archived dead letters unless they are asked for."""

    title = "archive"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What is not the usual list."""
        return [("yes", "archived only"), ("any", "archived too")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        """The dead letters that are in the list."""
        match self.value():
            case "yes":
                return queryset.filter(archived_at__isnull=False)
            case "any":
                return queryset
            case _:
                return queryset.filter(archived_at=None)
