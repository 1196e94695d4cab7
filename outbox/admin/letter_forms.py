"""What is an operator asked before dead letters are edited, or many of them are acted on?"""

from typing import Any

import msgspec
from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from outbox.letter_filters import LetterFilter
from outbox.models import DeadLetterOperation

NAMES = ("failure_group", "consumer", "event_type", "topic", "exception", "text")


def _text(label: str = "", help_text: str = "") -> forms.CharField:
    return forms.CharField(
        max_length=255, required=False, label=label or None, help_text=help_text, widget=UnfoldAdminTextInputWidget
    )


def _moment(help_text: str) -> forms.DateTimeField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    return forms.DateTimeField(required=False, help_text=help_text, widget=widget)


class OperateForm(forms.Form):
    """Which letters, what shall be done to them, and why."""

    verb = forms.ChoiceField(label="What", choices=DeadLetterOperation.Verb.choices, widget=UnfoldAdminSelectWidget)
    failure_group = _text(help_text="Failures of one kind at one place.")
    consumer = _text(help_text="The group that could not handle them.")
    event_type = _text()
    topic = _text()
    exception = _text(help_text="The exception's class.")
    text = _text(help_text="A part of what the exception said.")
    since = _moment("Failed last at this time (UTC) or later.")
    until = _moment("Failed last before this time (UTC).")
    rate = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=10_000,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Most letters retried in a second; the setting's when it is empty.",
    )
    reason = forms.CharField(
        max_length=500, required=False, widget=UnfoldAdminTextInputWidget, help_text="It is kept with the operation."
    )

    def wanted(self) -> LetterFilter:
        """The letters that are meant."""
        said: dict[str, Any] = {name: self.cleaned_data[name] or None for name in (*NAMES, "since", "until")}
        return msgspec.convert(said, LetterFilter)


class EditForm(forms.Form):
    """What is different in the copy, and why."""

    event_type = forms.CharField(max_length=255, required=False, widget=UnfoldAdminTextInputWidget)
    body = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18, "class": "font-mono", "spellcheck": "false"}),
        help_text="A JSON object; of a registered event type, one that fits it.",
        strip=False,
    )
    reason = forms.CharField(
        max_length=500, widget=UnfoldAdminTextInputWidget, help_text="It is kept with the operation."
    )
