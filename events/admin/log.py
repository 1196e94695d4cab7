"""What does an operator see of the event store? Everything, and nothing that could be changed."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.decorators import action

from events.admin.commands import CommandConsole
from events.admin.snapshots import AggregateSnapshotAdmin
from events.admin.state_blocks import state_after
from events.admin.streams import EventStreamForm, StreamMetadataAdmin, say_of_stream, stream_dialog
from events.models import DomainEvent, EventImport
from events.sql.statements import statement
from events.store.connection import live_cursor
from kit.admin.console import ReadOnlyAdmin, json_block, log_link

__all__ = ["AggregateSnapshotAdmin", "DomainEventAdmin", "EventImportAdmin", "StreamMetadataAdmin"]


class EventTypeFilter(admin.SimpleListFilter):
    """Narrows the log to one event type."""

    title = "event type"
    parameter_name = "event_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The types that the log holds."""
        with live_cursor() as cursor:
            return [(name, name) for (name,) in cursor.execute(statement("event_types")).fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DomainEvent]) -> QuerySet[DomainEvent]:
        """The events of the chosen type."""
        return queryset.filter(event_type=self.value()) if self.value() else queryset


@admin.register(DomainEvent)
class DomainEventAdmin(CommandConsole):
    """The log, newest first."""

    actions_detail = (*CommandConsole.actions_detail, "describe_stream")
    list_display = ("position", "event_type", "stream_link", "version", "timestamp", "user_id", "source_service")
    list_display_links = ("position", "event_type")
    list_filter = (EventTypeFilter,)
    list_filter_submit = False
    ordering = ("-position",)
    search_fields = ("aggregate_id",)
    search_help_text = (
        "An event id, correlation id, causation id, stream (type/id), aggregate id or event type, in full"
    )
    fieldsets = (
        ("What happened", {"fields": ("event_type", "schema_version", "timestamp", "user_id", "source_service")}),
        ("Where it stands", {"fields": ("position", "stream_link", "version", "created_at")}),
        ("Payload", {"fields": ("payload_text", "encoding")}),
        ("Why it happened", {"fields": ("effects_link", "correlation_link", "causation_link", "metadata_text")}),
        ("State after this event", {"classes": ("collapse",), "fields": ("state_text", "difference_text")}),
        ("Proof", {"fields": ("content_hash_text",)}),
    )

    @action(
        description="Describe the stream",
        url_path="stream",
        permissions=["describe"],
        dialog=stream_dialog(EventStreamForm),
    )
    def describe_stream(self, request: HttpRequest, form: EventStreamForm, object_id: str) -> HttpResponse:
        """Say title and limits of the event's stream."""
        return say_of_stream(request, form)

    def has_describe_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whoever may change what is said about streams."""
        return bool(request.user.has_perm("events.change_streammetadata"))

    @admin.display(description="stream")
    def stream_link(self, event: DomainEvent) -> SafeString:
        """The stream's name, leading to all of its events."""
        return log_link(str(event.stream))

    @admin.display(description="correlation id")
    def correlation_link(self, event: DomainEvent) -> SafeString | str:
        """The conversation, leading to all of its events."""
        return log_link(str(event.correlation_id)) if event.correlation_id else "-"

    @admin.display(description="causation id")
    def causation_link(self, event: DomainEvent) -> SafeString | str:
        """The cause, leading to it and to all else that it caused."""
        return log_link(str(event.causation_id)) if event.causation_id else "-"

    @admin.display(description="event id")
    def effects_link(self, event: DomainEvent) -> SafeString:
        """The id, leading to what the event has caused."""
        return log_link(str(event.event_id))

    @admin.display(description="payload")
    def payload_text(self, event: DomainEvent) -> SafeString:
        """The payload as indented JSON."""
        return json_block(event.payload_data)

    @admin.display(description="metadata")
    def metadata_text(self, event: DomainEvent) -> SafeString:
        """The metadata as indented JSON."""
        return json_block(event.metadata)

    @admin.display(description="state")
    def state_text(self, event: DomainEvent) -> SafeString | str:
        """What the aggregate was after this event."""
        state, _ = state_after(event.stream, event.version)
        return state

    @admin.display(description="changed by this event")
    def difference_text(self, event: DomainEvent) -> SafeString | str:
        """The fields that this event changed."""
        _, changes = state_after(event.stream, event.version)
        return changes

    @admin.display(description="content hash")
    def content_hash_text(self, event: DomainEvent) -> str:
        """SHA-256 over the canonical envelope."""
        return bytes(event.content_hash).hex()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DomainEvent], search_term: str
    ) -> tuple[QuerySet[DomainEvent], bool]:
        """Events that the term names in full; each way of naming them has an index."""
        term = search_term.strip()
        if not term or "\0" in term:
            return (queryset if not term else queryset.none()), False
        named = Q(aggregate_id=term) | Q(event_type=term)
        if "/" in term:
            aggregate_type, aggregate_id = term.split("/", 1)
            named = Q(aggregate_id=aggregate_id, aggregate_type=aggregate_type)
        elif (uuid := _uuid(term)) is not None:
            named |= Q(event_id=uuid) | Q(correlation_id=uuid) | Q(causation_id=uuid)
        return queryset.filter(named), False


@admin.register(EventImport)
class EventImportAdmin(ReadOnlyAdmin):
    """Imports, running and finished."""

    list_display = ("source", "state", "rows", "appended", "known", "rejected", "started_at", "finished_at")
    ordering = ("-started_at",)

    @admin.display(description="state")
    def state(self, event_import: EventImport) -> str:
        """Whether the file's end was reached."""
        return "finished" if event_import.finished_at else "unfinished"


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
