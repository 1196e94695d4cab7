"""The log: every event and import, to be searched and read, and nothing that could be changed."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from events.admin.commands import CommandConsole
from events.admin.explorer import LogExplorer
from events.admin.links import log_link
from events.admin.stream_forms import EventStreamForm, stream_dialog
from events.admin.streams import describe_stream
from events.admin.time_machine import changes_between, state_after, time_machine, time_machine_url
from events.models import DomainEvent, EventImport
from kit.admin.display import json_block, link
from kit.admin.operated import row_action
from kit.admin.pages import admin_page
from kit.admin.read_only import ReadOnlyAdmin


@admin.register(DomainEvent)
class DomainEventAdmin(CommandConsole):
    """The log, newest first."""

    actions_detail = (*CommandConsole.actions_detail, "describe_stream")
    list_display = ("position", "event_type", "stream_link", "version", "timestamp", "user_id", "source_service")
    list_display_links = ("position", "event_type")
    ordering = ("-position",)
    # An order of their own is what pages go on by.
    sortable_by = ()
    search_fields = ("aggregate_id",)
    list_before_template = "admin/events/explorer.html"
    change_form_outer_before_template = "admin/events/event_before.html"
    search_help_text = (
        "An event id, correlation id, causation id, stream (type/id), aggregate id or event type, in full"
    )
    fieldsets = (
        ("What happened", {"fields": ("event_type", "schema_version", "timestamp", "user_id", "source_service")}),
        ("Where it stands", {"fields": ("position", "stream_link", "version", "created_at")}),
        ("Payload", {"fields": ("payload_text", "encoding")}),
        ("Why it happened", {"fields": ("effects_link", "correlation_link", "causation_link", "metadata_text")}),
        ("State after this event", {"fields": ("difference_table", "state_text", "time_machine_link")}),
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

    @admin.display(description="changed by this event")
    def difference_table(self, event: DomainEvent) -> SafeString | str:
        """The fields that this event changed, one by one."""
        return changes_between(event.stream, event.version - 1, event.version)

    @admin.display(description="state")
    def state_text(self, event: DomainEvent) -> SafeString | str:
        """What the aggregate was after this event."""
        return state_after(event.stream, event.version)

    @admin.display(description="time machine")
    def time_machine_link(self, event: DomainEvent) -> SafeString | str:
        """The state after this event, and between any two."""
        return link(time_machine_url(event.stream, event.version), f"{event.stream} at version {event.version}")

    @admin.display(description="content hash")
    def content_hash_text(self, event: DomainEvent) -> str:
        """SHA-256 over the canonical envelope."""
        return bytes(event.content_hash).hex()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The page that is asked for, in bounded time."""
        return LogExplorer

    def get_urls(self) -> list[URLPattern]:
        """The time machine beside the screen's own pages."""
        site = self.admin_site
        return [
            path("time-machine/", site.admin_view(self.time_machine), name="events_time_machine"),
            *super().get_urls(),
        ]

    def time_machine(self, request: HttpRequest) -> HttpResponse:
        """A stream's state at a version, and what differs between two."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        context = {"title": "Time machine"} | time_machine(request)
        return admin_page(self, request, "admin/events/time_machine.html", context)


@admin.register(EventImport)
class EventImportAdmin(ReadOnlyAdmin):
    """Imports, running and finished."""

    list_display = ("source", "state", "rows", "appended", "known", "rejected", "started_at", "finished_at")
    ordering = ("-started_at",)

    @admin.display(description="state")
    def state(self, event_import: EventImport) -> str:
        """Whether the file's end was reached."""
        return "finished" if event_import.finished_at else "unfinished"
