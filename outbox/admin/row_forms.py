"""What is an operator asked before a row is rerouted, or many of them are acted on?"""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from outbox.admin.base import ReasonForm
from outbox.admin.bulk import ManyForm
from outbox.models import OutboxEvent

VERBS = {
    "retry": "Dead and waiting ones are tried again at once, with all their attempts.",
    "discard": "Dead ones are never published, and the later rows of their keys go on.",
}


class RouteForm(ReasonForm):
    """Asks where to, and why."""

    topic = forms.CharField(max_length=249, required=False, widget=UnfoldAdminTextInputWidget)
    partition_key = forms.CharField(max_length=1_000, required=False, widget=UnfoldAdminTextInputWidget)
    field_order = ("topic", "partition_key", "reason")

    def __init__(self, request: Any, object_id: int | None = None, *args: Any, **kwargs: Any) -> None:
        row = OutboxEvent.objects.filter(pk=object_id or 0).first()
        route = {"topic": row.topic, "partition_key": row.partition_key} if row else {}
        super().__init__(request, object_id, *args, initial=route | (kwargs.pop("initial", None) or {}), **kwargs)


class RowsForm(ManyForm):
    """Which rows, what shall be done to them, and why."""

    narrowing: ClassVar = ("topic", "event_type", "partition_key", "text")
    field_order = ("verb", *narrowing, "everything", "reason")

    verb = forms.ChoiceField(
        label="What", choices=[(verb, verb.capitalize()) for verb in VERBS], widget=UnfoldAdminSelectWidget
    )
    topic = forms.CharField(max_length=249, required=False, widget=UnfoldAdminTextInputWidget)
    event_type = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget)
    partition_key = forms.CharField(max_length=1_000, required=False, widget=UnfoldAdminTextInputWidget)
    text = forms.CharField(
        max_length=255,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="A part of what the broker said.",
    )

    def selection(self) -> Q:
        """The rows that are meant, whatever state they are in."""
        said = self.narrowed
        text = said.pop("text", None)
        return Q(**said) & (Q(last_error__icontains=text) if text else Q())
