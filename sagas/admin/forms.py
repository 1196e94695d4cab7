"""Forms of sagas: what an operator is asked before an instance is operated, or many are."""

import json
from typing import Any, ClassVar

from django import forms
from msgspec import Struct
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from kit.admin.bulk import BulkForm
from kit.admin.fields import text_field, verb_field
from kit.admin.reasons import ReasonForm
from kit.links import link_to
from sagas.admin.list_filters import ages, long_ago, stands
from sagas.models import SagaState
from sagas.operating.actions import ACTIONS
from sagas.operating.operations import DEFAULT_RATE, MAX_RATE, MIN_RATE, VERBS
from sagas.operating.reading import detail_of
from sagas.operating.selection import SagaFilter

# Where an operator has something to decide, in the order in which they are offered.
_FIRST = ("undo_failed", "refused", "uncertain", "retrying", "undo_retrying", "running", "compensating")


def _choice(choices: list[tuple[str, str]], *, label: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", "-"), *choices], widget=UnfoldAdminSelectWidget)


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
    """Asks for the data, and why; shows what they would change while they are typed."""

    form_after_template = "admin/sagas/difference.html"
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
        self.fields["data"].widget.attrs |= {
            "hx-post": link_to("admin:sagas_sagastate_difference", object_id),
            "hx-trigger": "load, input changed delay:300ms",
            "hx-include": "closest form",
            # Not those of the dialog's form, which it would take over.
            "hx-target": "#saga-difference",
            "hx-swap": "outerHTML",
            "hx-select": "#saga-difference",
            "hx-indicator": "#saga-difference",
        }

    def clean_data(self) -> dict[str, Any]:
        """The data. Refuses what is no JSON object."""
        try:
            data = json.loads(self.cleaned_data["data"])
        except ValueError as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
        if not isinstance(data, dict):
            raise forms.ValidationError("This is not a JSON object.")
        return data


class SagasForm(BulkForm):
    """Which sagas, what shall be done to them, and why."""

    filter_fields: ClassVar = (
        *("status", "saga", "current_step", "unmoved", "started", "key", "key_prefix", "error", "correlation_id"),
    )
    field_order = ("verb", "step", "rate", *filter_fields, "everything", "reason")

    verb = verb_field(VERBS)
    step = text_field(100, help_text="Which step is retried or skipped; of the other verbs, none.")
    status = _choice(stands(), label="Stands")
    saga = text_field(100, help_text="The definition's name.")
    current_step = text_field(100, help_text="The first step that is not passed.")
    unmoved = _choice(ages(), label="Unmoved for more than")
    started = _choice(ages(), label="Began more than … ago")
    key = text_field(help_text="Just the one of this key, such as an order.")
    key_prefix = text_field(help_text="What the keys begin with.")
    error = text_field(help_text="A part of what went wrong.")
    correlation_id = forms.UUIDField(
        required=False, help_text="The conversation that they began in.", widget=UnfoldAdminTextInputWidget
    )
    rate = forms.FloatField(
        required=False,
        min_value=MIN_RATE,
        max_value=MAX_RATE,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=f"Sagas in a second at most; {DEFAULT_RATE:g} when it is empty.",
    )

    def clean(self) -> dict[str, Any]:
        """Take a step where the verb needs one, and nowhere else."""
        cleaned = super().clean()
        verb, step = cleaned.get("verb"), cleaned.get("step")
        if verb and bool(step) != bool(ACTIONS[verb].arguments.__struct_fields__):
            self.add_error("step", f"{verb.capitalize()} has none." if step else "Say which.")
        return cleaned

    def selection(self) -> SagaFilter:
        """The filter as operations take it."""
        filters = dict(self.filters)
        for age, time in (("unmoved", "moved_before"), ("started", "started_before")):
            if age in filters:
                filters[time] = long_ago(filters.pop(age))
        return SagaFilter(**filters)

    def arguments(self) -> Struct:
        """What the verb needs to know."""
        wanted, step = ACTIONS[self.cleaned_data["verb"]].arguments, self.cleaned_data["step"]
        return wanted(step=step) if step else wanted()
