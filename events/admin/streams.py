"""Streams: their titles, limits and states, which operators change with a reason that is kept."""

from collections.abc import Callable
from typing import Any

import structlog
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.enums import ActionVariant

from events.admin.links import log_link, stream_filter
from events.admin.stream_forms import StreamForm, TombstoneForm, stream_dialog
from events.envelope import StreamId
from events.models import StreamMetadata
from events.store.streams.metadata import archive_stream, restore_stream, set_stream_metadata, tombstone_stream
from kit.admin.pages import redirect_from_dialog, row_url
from kit.admin.read_only import ReadOnlyAdmin
from kit.admin.reasons import ReasonedActionForm, ReasonForm, actor_of, reason_dialog, reason_of

log = structlog.get_logger(__name__)

Verb = Callable[..., Any]


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
    """Metadata of streams: titles, limits, who archived or closed them and why."""

    list_display = ("__str__", "title", "max_age", "max_count", "archived_at", "tombstoned_at", "updated_at")
    list_filter = (StreamStateFilter,)
    ordering = ("-updated_at",)
    search_fields = ("aggregate_id",)
    search_help_text = "A stream (type/id) or aggregate id, in full"
    actions = ("archive", "restore")
    action_form = ReasonedActionForm
    actions_detail = ("edit", "archive_this", "restore_this", "tombstone")
    fieldsets = (
        ("Stream", {"fields": ("stream_link", "title")}),
        ("What readers of the stream see", {"fields": ("max_age", "max_count")}),
        ("State", {"fields": ("archived_at", "tombstoned_at", "reason", "updated_by", "updated_at")}),
    )

    @admin.display(description="stream")
    def stream_link(self, metadata: StreamMetadata) -> SafeString:
        """The stream's name, leading to its events."""
        return log_link(str(metadata.stream))

    def term_filter(self, term: str) -> Q:
        """Streams that the term names in full."""
        return stream_filter(term) or Q(aggregate_id=term)

    @admin.action(description="Leave out of lists", permissions=["operate"])
    def archive(self, request: HttpRequest, queryset: QuerySet[StreamMetadata]) -> None:
        """Archive the selected streams."""
        self._each(request, queryset, archive_stream, "archived")

    @admin.action(description="List again", permissions=["operate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[StreamMetadata]) -> None:
        """Restore the selected streams."""
        self._each(request, queryset, restore_stream, "restored")

    @action(description="Edit", url_path="edit", permissions=["operate"], dialog=stream_dialog(StreamForm))
    def edit(self, request: HttpRequest, form: StreamForm, object_id: str) -> HttpResponse:
        """Set title and limits."""
        return describe_stream(request, form)

    @action(
        description="Archive",
        url_path="archive",
        permissions=["operate"],
        dialog=reason_dialog(
            "Leave the stream out of lists", "It can be read and appended to as before.", submit="Archive"
        ),
    )
    def archive_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Archive this stream."""
        return self._one(request, form, object_id, archive_stream, "archived")

    @action(
        description="List again",
        url_path="restore",
        permissions=["operate"],
        dialog=reason_dialog("List the stream again", "A tombstone stays: it is for ever.", submit="List again"),
    )
    def restore_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Restore this stream."""
        return self._one(request, form, object_id, restore_stream, "restored")

    @action(
        description="Close for ever",
        url_path="tombstone",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog(
            "Close for ever",
            "The stream takes no more events, ever. What it holds stays readable.",
            form=TombstoneForm,
        ),
    )
    def tombstone(self, request: HttpRequest, form: TombstoneForm, object_id: str) -> HttpResponse:
        """Tombstone this stream."""
        return self._one(request, form, object_id, tombstone_stream, "tombstoned")

    def _each(self, request: HttpRequest, queryset: QuerySet[StreamMetadata], verb: Verb, done: str) -> None:
        if (reason := reason_of(request)) is None:
            return
        for metadata in queryset:
            _act(request, metadata.stream, verb, done, reason)
        self.message_user(request, f"{len(queryset)} streams were {done}.")

    def _one(self, request: HttpRequest, form: ReasonForm, object_id: str, verb: Verb, done: str) -> HttpResponse:
        _act(request, StreamMetadata.objects.get(pk=object_id).stream, verb, done, form.cleaned_data["reason"])
        return redirect_from_dialog(row_url("events_streammetadata", object_id))


def describe_stream(request: HttpRequest, form: StreamForm) -> HttpResponse:
    """Set title and limits of the form's stream, and show the stream."""
    fields, stream, actor = form.cleaned_data, form.stream, actor_of(request)
    set_stream_metadata(
        stream,
        title=fields["title"] or None,
        max_age=fields["max_age"],
        max_count=fields["max_count"],
        actor=actor,
    )
    log.info("stream described", actor=actor, reason=fields["reason"], stream=str(stream))
    metadata = StreamMetadata.objects.get(aggregate_type=stream.aggregate_type, aggregate_id=stream.aggregate_id)
    return redirect_from_dialog(row_url("events_streammetadata", metadata.pk))


def _act(request: HttpRequest, stream: StreamId, verb: Verb, done: str, reason: str) -> None:
    actor = actor_of(request)
    verb(stream, reason=reason, actor=actor)
    log.info(f"stream {done}", actor=actor, reason=reason, stream=str(stream))
