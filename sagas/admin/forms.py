"""Forms of sagas: what an operator is asked before an instance is operated."""

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from kit.admin.reasons import ReasonForm
from sagas.models import SagaState
from sagas.operating.reading import detail_of

# Where an operator has something to decide, in the order in which they are offered.
_FIRST = ("undo_failed", "refused", "uncertain", "retrying", "undo_retrying", "running", "compensating")


class StepForm(ReasonForm):
    """Asks which step, and why."""

    step = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    field_order = ("step", "reason")

    def __init__(self, request: Any, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        row = SagaState.objects.filter(pk=object_id).first() if object_id else None
        steps = detail_of(row).steps if row else []
        order = {status: place for place, status in enumerate(_FIRST)}
        steps.sort(key=lambda step: order.get(step.status, len(order)))
        self.fields["step"].choices = [(step.name, f"{step.name} ({step.status.replace('_', ' ')})") for step in steps]


class DataForm(ReasonForm):
    """Asks for the data, and why."""

    data = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "class": "font-mono"}),
        help_text="All of it, as a JSON object that the saga's code can read.",
    )
    field_order = ("data", "reason")

    def __init__(self, request: Any, object_id: Any = None, *args: Any, **kwargs: Any) -> None:
        row = SagaState.objects.filter(pk=object_id).first() if object_id else None
        text = json.dumps(row.state.get("data"), indent=2, ensure_ascii=False) if row else ""
        initial = {"data": text} | (kwargs.pop("initial", None) or {})
        super().__init__(request, object_id, *args, initial=initial, **kwargs)

    def clean_data(self) -> dict[str, Any]:
        """The data. Refuses what is no JSON object."""
        try:
            data = json.loads(self.cleaned_data["data"])
        except ValueError as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
        if not isinstance(data, dict):
            raise forms.ValidationError("This is not a JSON object.")
        return data
