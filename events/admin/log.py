"""The log: every event and import, to be searched and read, and nothing that could be changed."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from events.admin.commands import CommandConsole
from events.admin.links import log_link, stream_filter
from events.admin.state_blocks import state_after
from events.admin.stream_forms import EventStreamForm, stream_dialog
from events.admin.streams import describe_stream
from events.models import DomainEvent, EventImport
from events.sql.statements import statement
from events.store.connection import live_cursor
from kit.admin.display import json_block
from kit.admin.filters import ColumnFilter
from kit.admin.operated import row_action
from kit.admin.read_only import ReadOnlyAdmin, uuid_of


class EventTypeFilter(ColumnFilter):
    """Narrows the log to one event type."""

    title = "event type"
    parameter_name = "event_type"

    def values(self) -> list[str]:
        """The types that the log holds."""
        with live_cursor() as cursor:
            return [name for (name,) in cursor.execute(statement("event_types")).fetchall()]


@admin.register(DomainEvent)
class DomainEventAdmin(CommandConsole):
    """The log, newest first."""

    actions_detail = (*CommandConsole.actions_detail, "describe_stream")
    list_display = ("position", "event_type", "stream_link", "version", "timestamp", "user_id", "source_service")
    list_display_links = ("position", "event_type")
    list_filter = (EventTypeFilter,)
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

    @row_action(
        description="Describe the stream",
        url_path="stream",
        permissions=["describe"],
        dialog=stream_dialog(EventStreamForm),
    )
    def describe_stream(self, request: HttpRequest, form: EventStreamForm, object_id: str) -> HttpResponse:
        """Set title and limits of the event's stream."""
        return describe_stream(request, form)

    def has_describe_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whoever may change the metadata of streams."""
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

    def term_filter(self, term: str) -> Q:
        """Events that the term names in full; each way of naming them has an index."""
        if (stream := stream_filter(term)) is not None:
            return stream
        named = Q(aggregate_id=term) | Q(event_type=term)
        if (uuid := uuid_of(term)) is not None:
            named |= Q(event_id=uuid) | Q(correlation_id=uuid) | Q(causation_id=uuid)
        return named


@admin.register(EventImport)
class EventImportAdmin(ReadOnlyAdmin):
    """Imports, running and finished."""

    list_display = ("source", "state", "rows", "appended", "known", "rejected", "started_at", "finished_at")
    ordering = ("-started_at",)

    @admin.display(description="state")
    def state(self, event_import: EventImport) -> str:
        """Whether the file's end was reached."""
        return "finished" if event_import.finished_at else "unfinished"
