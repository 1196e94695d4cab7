"""Streams: their titles, limits and states, which operators change with a reason that is kept."""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

import structlog
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant

from events.admin.links import log_link, stream_filter
from events.admin.stream_forms import StreamForm, TombstoneForm, stream_dialog
from events.models import StreamMetadata
from events.store.streams.metadata import archive_stream, restore_stream, set_stream_metadata, tombstone_stream
from kit.admin.audit import audit
from kit.admin.operated import OperatedAdmin, row_action, selection_action
from kit.admin.pages import redirect_from_dialog, row_url
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog

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
class StreamMetadataAdmin(OperatedAdmin):
    """Metadata of streams: titles, limits, who archived or closed them and why."""

    list_display = ("__str__", "title", "max_age", "max_count", "archived_at", "tombstoned_at", "updated_at")
    list_filter = (StreamStateFilter,)
    ordering = ("-updated_at",)
    search_fields = ("aggregate_id",)
    search_help_text = "A stream (type/id) or aggregate id, in full"
    actions = ("archive", "restore")
    archive = selection_action("archive", "Leave out of lists")
    restore = selection_action("restore", "List again")
    verbs: ClassVar = {
        "archive": "They are left out of lists; they can be read and appended to as before.",
        "restore": "They are listed again. A tombstone stays: it is for ever.",
    }
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

    def possible_actions(self, row: StreamMetadata) -> Collection[str]:
        """What is so already needs nobody."""
        archived = "archive_this" if row.archived_at is None else "restore_this"
        return ("edit", archived) if row.tombstoned_at else ("edit", archived, "tombstone")

    def act_on_selection(
        self, request: HttpRequest, queryset: QuerySet[StreamMetadata], verb: str, reason: str
    ) -> None:
        """Archive or restore the selected streams."""
        act, done = VERBS[verb]
        selected = list(queryset)
        for metadata in selected:
            _act(request, metadata, act, done, reason)
        self.message_user(request, f"{len(selected)} streams were {done}.")

    @row_action(description="Edit", url_path="edit", dialog=stream_dialog(StreamForm))
    def edit(self, request: HttpRequest, form: StreamForm, object_id: str) -> HttpResponse:
        """Set title and limits."""
        return describe_stream(request, form)

    @row_action(
        description="Archive",
        url_path="archive",
        dialog=reason_dialog(
            "Leave the stream out of lists", "It can be read and appended to as before.", submit="Archive"
        ),
    )
    def archive_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Archive this stream."""
        return self._one(request, form, object_id, archive_stream, "archived")

    @row_action(
        description="List again",
        url_path="restore",
        dialog=reason_dialog("List the stream again", "A tombstone stays: it is for ever.", submit="List again"),
    )
    def restore_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Restore this stream."""
        return self._one(request, form, object_id, restore_stream, "restored")

    @row_action(
        description="Close for ever",
        url_path="tombstone",
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

    def _one(self, request: HttpRequest, form: ReasonForm, object_id: str, verb: Verb, done: str) -> HttpResponse:
        _act(request, StreamMetadata.objects.get(pk=object_id), verb, done, form.cleaned_data["reason"])
        return self.back_to_row(object_id)


VERBS: dict[str, tuple[Verb, str]] = {
    "archive": (archive_stream, "archived"),
    "restore": (restore_stream, "restored"),
}


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
    audit(request, [metadata], f"Title and limits set: {fields['reason']}")
    return redirect_from_dialog(row_url("events_streammetadata", metadata.pk))


def _act(request: HttpRequest, metadata: StreamMetadata, verb: Verb, done: str, reason: str) -> None:
    actor = actor_of(request)
    verb(metadata.stream, reason=reason, actor=actor)
    audit(request, [metadata], f"{done.capitalize()}: {reason}")
    log.info(f"stream {done}", actor=actor, reason=reason, stream=str(metadata.stream))
