"""What does an operator see of streams, and what may be said about them? Everything with a reason, which is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminBigIntegerFieldWidget, UnfoldAdminTextInputWidget

from events.envelope import StreamId
from events.models import DomainEvent, StreamMetadata
from events.store.streams.metadata import (
    MAX_AGE,
    MAX_COUNT,
    MAX_TITLE,
    archive_stream,
    get_stream_metadata,
    restore_stream,
    set_stream_metadata,
    tombstone_stream,
)
from kit.admin.console import (
    ReadOnlyAdmin,
    ReasonedActionForm,
    ReasonForm,
    log_link,
    reason_of,
    redirect_from_dialog,
)

log = structlog.get_logger(__name__)

Verb = Callable[..., Any]


class StreamForm(ReasonForm):
    """What is said about a stream, as it is now."""

    title = forms.CharField(max_length=MAX_TITLE, required=False, widget=UnfoldAdminTextInputWidget)
    max_age = forms.DurationField(
        label="Maximum age",
        required=False,
        validators=[MinValueValidator(timedelta(microseconds=1)), MaxValueValidator(MAX_AGE)],
        widget=UnfoldAdminTextInputWidget,
        help_text="Readers see no older events. Days and hours:minutes:seconds, such as 30 00:00:00.",
    )
    max_count = forms.IntegerField(
        label="Maximum count",
        required=False,
        min_value=1,
        max_value=MAX_COUNT,
        widget=UnfoldAdminBigIntegerFieldWidget,
        help_text="Readers see that many of the last events.",
    )
    field_order = ("title", "max_age", "max_count", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stream = self._stream_of(self.object_id)
        said = get_stream_metadata(self.stream)
        self.initial |= {"title": said.title, "max_age": said.max_age, "max_count": said.max_count}

    @staticmethod
    def _stream_of(object_id: Any) -> StreamId:
        return StreamMetadata.objects.get(pk=object_id).stream


class EventStreamForm(StreamForm):
    """The same, of the stream of an event."""

    @staticmethod
    def _stream_of(object_id: Any) -> StreamId:
        return DomainEvent.objects.get(pk=object_id).stream


class TombstoneForm(ReasonForm):
    """Asks why a stream is closed, and for its name: there is no way back."""

    name = forms.CharField(label="Name of the stream, to confirm", strip=False, widget=UnfoldAdminTextInputWidget)

    def clean_name(self) -> str:
        """The name, if it is this stream's."""
        name = str(StreamMetadata.objects.get(pk=self.object_id).stream)
        if self.cleaned_data["name"] != name:
            raise forms.ValidationError(f"Type {name} to confirm.")
        return name


def stream_dialog(form_class: type[StreamForm]) -> ActionDialog:
    """The dialog in which title and limits of a stream are said."""
    return ActionDialog(
        title="What is said about the stream",
        description="The log shows every event; title and limits are for whoever reads the stream.",
        form_class=form_class,
        form_submit_text="Save",
    )


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
    action_form = ReasonedActionForm
    actions_detail = ("edit", "archive_this", "restore_this", "tombstone")
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
        return log_link(str(metadata.stream))

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
        self._each(request, queryset, archive_stream, "archived")

    @admin.action(description="List again", permissions=["operate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[StreamMetadata]) -> None:
        """Restore the selected streams."""
        self._each(request, queryset, restore_stream, "restored")

    @action(description="Edit", url_path="edit", permissions=["operate"], dialog=stream_dialog(StreamForm))
    def edit(self, request: HttpRequest, form: StreamForm, object_id: str) -> HttpResponse:
        """Say title and limits anew."""
        return say_of_stream(request, form)

    @action(
        description="Archive",
        url_path="archive",
        permissions=["operate"],
        dialog=ActionDialog(
            title="Leave the stream out of lists",
            description="It can be read and appended to as before.",
            form_class=ReasonForm,
            form_submit_text="Archive",
        ),
    )
    def archive_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Archive this stream."""
        return self._one(request, form, object_id, archive_stream, "archived")

    @action(
        description="List again",
        url_path="restore",
        permissions=["operate"],
        dialog=ActionDialog(
            title="List the stream again",
            description="A tombstone stays: it is for ever.",
            form_class=ReasonForm,
            form_submit_text="List again",
        ),
    )
    def restore_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Restore this stream."""
        return self._one(request, form, object_id, restore_stream, "restored")

    @action(
        description="Close for ever",
        url_path="tombstone",
        permissions=["operate"],
        variant=ActionVariant.DANGER,
        dialog=ActionDialog(
            title="Close for ever",
            description="The stream takes no more events, ever. What it holds stays readable.",
            form_class=TombstoneForm,
            form_submit_text="Close for ever",
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
        return redirect_from_dialog(reverse("admin:events_streammetadata_change", args=[object_id]))


def say_of_stream(request: HttpRequest, form: StreamForm) -> HttpResponse:
    """Say what the form says of its stream, and show the stream."""
    said = form.cleaned_data
    set_stream_metadata(
        form.stream,
        title=said["title"] or None,
        max_age=said["max_age"],
        max_count=said["max_count"],
        actor=request.user.get_username(),
    )
    log.info("stream described", actor=request.user.get_username(), reason=said["reason"], stream=str(form.stream))
    stream = {"aggregate_type": form.stream.aggregate_type, "aggregate_id": form.stream.aggregate_id}
    metadata = StreamMetadata.objects.get(**stream)
    return redirect_from_dialog(reverse("admin:events_streammetadata_change", args=[metadata.pk]))


def _act(request: HttpRequest, stream: StreamId, verb: Verb, done: str, reason: str) -> None:
    actor = request.user.get_username()
    verb(stream, reason=reason, actor=actor)
    log.info(f"stream {done}", actor=actor, reason=reason, stream=str(stream))
