"""Stream forms: what an operator is asked before a stream is described, archived or closed."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from unfold.dataclasses import ActionDialog
from unfold.widgets import UnfoldAdminBigIntegerFieldWidget, UnfoldAdminTextInputWidget

from events.envelope import StreamId
from events.models import DomainEvent, StreamMetadata
from events.store.streams.metadata import MAX_AGE, MAX_COUNT, MAX_TITLE, get_stream_metadata
from kit.admin.fields import text_field
from kit.admin.reasons import ReasonForm, reason_dialog


class StreamForm(ReasonForm):
    """Title and limits of a stream, as they are now."""

    title = text_field(MAX_TITLE)
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
        metadata = get_stream_metadata(self.stream)
        self.initial |= {"title": metadata.title, "max_age": metadata.max_age, "max_count": metadata.max_count}

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


def stream_dialog(form: type[StreamForm]) -> ActionDialog:
    """The dialog in which title and limits of a stream are set."""
    return reason_dialog(
        "Title and limits of the stream",
        "The log shows every event; title and limits are for whoever reads the stream.",
        submit="Save",
        form=form,
    )
