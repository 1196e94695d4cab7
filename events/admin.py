"""What does an operator see of the event store? Everything, and nothing that could be changed."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from events.console import ReadOnlyAdmin, json_block
from events.models import DomainEvent, EventImport, StreamMetadata
from events.snapshot_admin import AggregateSnapshotAdmin
from events.sql.statements import statement
from events.state_blocks import state_after
from events.store.database import live_cursor
from events.store.metadata import archive_stream, restore_stream, tombstone_stream

__all__ = ["AggregateSnapshotAdmin", "DomainEventAdmin", "EventImportAdmin", "StreamMetadataAdmin"]


class TombstoneForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why a stream is closed."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget)


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
class DomainEventAdmin(ReadOnlyAdmin):
    """The log, newest first."""

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

    @admin.display(description="stream")
    def stream_link(self, event: DomainEvent) -> SafeString:
        """The stream's name, leading to all of its events."""
        return _search_link(str(event.stream))

    @admin.display(description="correlation id")
    def correlation_link(self, event: DomainEvent) -> SafeString | str:
        """The conversation, leading to all of its events."""
        return _search_link(str(event.correlation_id)) if event.correlation_id else "-"

    @admin.display(description="causation id")
    def causation_link(self, event: DomainEvent) -> SafeString | str:
        """The cause, leading to it and to all else that it caused."""
        return _search_link(str(event.causation_id)) if event.causation_id else "-"

    @admin.display(description="event id")
    def effects_link(self, event: DomainEvent) -> SafeString:
        """The id, leading to what the event has caused."""
        return _search_link(str(event.event_id))

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


class StreamStateFilter(admin.SimpleListFilter):
    """Narrows streams to those in one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states that are not the usual one."""
        return [("archived", "archived"), ("tombstoned", "tombstoned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StreamMetadata]) -> QuerySet[StreamMetadata]:
        """The streams in the chosen state."""
        if self.value() in {"archived", "tombstoned"}:
            return queryset.filter(**{f"{self.value()}_at__isnull": False})
        return queryset


@admin.register(StreamMetadata)
class StreamMetadataAdmin(ReadOnlyAdmin):
    """What is said about streams: titles, limits, who archived or closed them and why."""

    list_display = ("__str__", "title", "max_age", "max_count", "archived_at", "tombstoned_at", "updated_at")
    list_filter = (StreamStateFilter,)
    list_filter_submit = False
    ordering = ("-updated_at",)
    search_fields = ("aggregate_id",)
    search_help_text = "A stream (type/id) or aggregate id, in full"
    actions = ("archive", "restore")
    actions_detail = ("tombstone",)
    fieldsets = (
        ("Stream", {"fields": ("stream_link", "title")}),
        ("What readers of the stream see", {"fields": ("max_age", "max_count")}),
        ("State", {"fields": ("archived_at", "tombstoned_at", "reason", "updated_by", "updated_at")}),
    )

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who might change what is said about a stream may archive and close it."""
        return bool(request.user.has_perm("events.change_streammetadata"))

    @admin.display(description="stream")
    def stream_link(self, metadata: StreamMetadata) -> SafeString:
        """The stream's name, leading to its events."""
        return _search_link(str(metadata.stream))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StreamMetadata], search_term: str
    ) -> tuple[QuerySet[StreamMetadata], bool]:
        """Streams that the term names in full."""
        term = search_term.strip()
        if not term or "\0" in term:
            return (queryset if not term else queryset.none()), False
        if "/" in term:
            aggregate_type, aggregate_id = term.split("/", 1)
            return queryset.filter(aggregate_id=aggregate_id, aggregate_type=aggregate_type), False
        return queryset.filter(aggregate_id=term), False

    @admin.action(description="Leave out of lists", permissions=["operate"])
    def archive(self, request: HttpRequest, queryset: QuerySet[StreamMetadata]) -> None:
        """Archive the selected streams."""
        for metadata in queryset:
            archive_stream(metadata.stream, reason="selected in the admin", actor=request.user.get_username())

    @admin.action(description="List again", permissions=["operate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[StreamMetadata]) -> None:
        """Restore the selected streams."""
        for metadata in queryset:
            restore_stream(metadata.stream, reason="selected in the admin", actor=request.user.get_username())

    @action(
        description="Close for ever",
        url_path="tombstone",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=ActionDialog(
            title="Close for ever",
            description="The stream takes no more events, ever. What it holds stays readable.",
            form_class=TombstoneForm,
            form_submit_text="Close",
        ),
    )
    def tombstone(self, request: HttpRequest, form: TombstoneForm, object_id: int) -> HttpResponse:
        """Tombstone this stream."""
        metadata = StreamMetadata.objects.get(pk=object_id)
        tombstone_stream(metadata.stream, reason=form.cleaned_data["reason"], actor=request.user.get_username())
        # The dialog was sent by a script, which goes where this header says.
        url = reverse("admin:events_streammetadata_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})


@admin.register(EventImport)
class EventImportAdmin(ReadOnlyAdmin):
    """Imports, running and finished."""

    list_display = ("source", "state", "rows", "appended", "known", "rejected", "started_at", "finished_at")
    ordering = ("-started_at",)

    @admin.display(description="state")
    def state(self, event_import: EventImport) -> str:
        """Whether the file's end was reached."""
        return "finished" if event_import.finished_at else "unfinished"


def _search_link(term: str) -> SafeString:
    url = f"{reverse('admin:events_domainevent_changelist')}?{urlencode({'q': term})}"
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, term)


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
