"""List filters of outbox rows: by state, topic and event type."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest

from kit.admin.filters import ColumnFilter
from outbox.sql.statements import statement

LATEST = 10_000
TO_PUBLISH = "to_publish"
STATES = {"published": "success", "pending": "info", "waiting": "warning", "dead": "danger", "discarded": "default"}


class StateFilter(admin.SimpleListFilter):
    """Narrows rows to one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All states, and the two of a row that is still to be published."""
        return [(state, state) for state in STATES] + [(TO_PUBLISH, "pending or waiting")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The rows in the chosen state."""
        if self.value() == TO_PUBLISH:
            return queryset.to_publish()
        return queryset.in_state(self.value()) if self.value() in STATES else queryset


class RecentFilter(ColumnFilter):
    """Narrows rows to one value that the latest rows have; subclasses say of which column."""

    column: int

    def values(self) -> list[str]:
        """What the latest rows have; a look at all rows would take too long."""
        with connection.cursor() as cursor:
            cursor.execute(statement("recent_topics"), {"limit": LATEST})
            return sorted({row[self.column] for row in cursor.fetchall()})


class TopicFilter(RecentFilter):
    """Narrows rows to one topic."""

    title = "topic"
    parameter_name = "topic"
    column = 0


class EventTypeFilter(RecentFilter):
    """Narrows rows to one event type."""

    title = "event type"
    parameter_name = "event_type"
    column = 1
