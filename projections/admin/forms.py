"""Forms of projections: what an operator is asked before a projection is operated."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from kit.admin.reasons import ReasonForm
from projections.models import ParkedAggregate, Place, ProjectionCheckpoint
from projections.operating.engine_verbs import MAX_POSITION


class RebuildForm(ReasonForm):
    """Asks whether the new tables take over by themselves, and why they are wanted."""

    swap = forms.BooleanField(
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        label="Swap as soon as they have caught up",
        help_text="Otherwise they follow the log until Swap.",
    )
    field_order = ("swap", "reason")


class PositionForm(ReasonForm):
    """Asks where to, and why."""

    position = forms.IntegerField(
        min_value=0, max_value=MAX_POSITION, widget=UnfoldAdminIntegerFieldWidget, help_text="0 is the log's beginning."
    )
    field_order = ("position", "reason")


class EventForm(ReasonForm):
    """Asks which event, of one, so that no other is skipped that has failed in the meantime; and why."""

    event_id = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("event_id", "reason")

    def __init__(self, request: Any, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        row = ProjectionCheckpoint.objects.filter(pk=object_id).first() if object_id else None
        initial = {"event_id": row and row.failed_event_id} | (kwargs.pop("initial", None) or {})
        super().__init__(request, object_id, *args, initial=initial, **kwargs)


class AggregateForm(ReasonForm):
    """Asks which aggregate, whether without the event that it is parked at, and why."""

    aggregate = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    leave_out = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget, label="Skip the event that it is parked at"
    )
    field_order = ("aggregate", "leave_out", "reason")

    def __init__(self, request: Any, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        rows = ParkedAggregate.objects.filter(projection=object_id, place=Place.SERVING).order_by("id")
        self.fields["aggregate"].choices = [(str(row), f"{row}: {row.error[:60]}") for row in rows]

    def clean(self) -> dict[str, Any]:
        """The aggregate by type and id, as the action takes it."""
        fields: dict[str, Any] = super().clean() or {}
        # A type has no slash.
        aggregate_type, _, aggregate_id = fields.get("aggregate", "").partition("/")
        return fields | {"aggregate_type": aggregate_type, "aggregate_id": aggregate_id}
