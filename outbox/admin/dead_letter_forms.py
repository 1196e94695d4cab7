"""What is an operator asked before dead letters are edited, or many of them are acted on?"""

from typing import Any, ClassVar

import msgspec
from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from outbox.admin.bodies import readable_body
from outbox.admin.bulk import ManyForm
from outbox.dead_letters.edits import DeadLetterEdit
from outbox.dead_letters.selection import DeadLetterFilter
from outbox.models import DeadLetter, DeadLetterOperation


def _text(label: str = "", help_text: str = "") -> forms.CharField:
    return forms.CharField(
        max_length=255, required=False, label=label or None, help_text=help_text, widget=UnfoldAdminTextInputWidget
    )


def _timestamp(help_text: str) -> forms.DateTimeField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    return forms.DateTimeField(required=False, help_text=help_text, widget=widget)


class DeadLettersForm(ManyForm):
    """Which letters, what shall be done to them, and why."""

    narrowing: ClassVar = ("failure_group", "consumer", "event_type", "topic", "exception", "text", "since", "until")
    field_order = ("verb", *narrowing, "everything", "rate", "reason")

    verb = forms.ChoiceField(label="What", choices=DeadLetterOperation.Verb.choices, widget=UnfoldAdminSelectWidget)
    failure_group = _text(help_text="Failures of one kind at one place.")
    consumer = _text(help_text="The group that could not handle them.")
    event_type = _text()
    topic = _text()
    exception = _text(help_text="The exception's class.")
    text = _text(help_text="A part of what the exception said.")
    since = _timestamp("Failed last at this time (UTC) or later.")
    until = _timestamp("Failed last before this time (UTC).")
    rate = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=10_000,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Most letters retried in a second; the setting's when it is empty.",
    )

    def selection(self) -> DeadLetterFilter:
        """The letters that are meant."""
        return msgspec.convert(self.narrowed, DeadLetterFilter)


class EditForm(forms.Form):
    """What is different in the copy, and why."""

    event_type = forms.CharField(max_length=255, required=False, widget=UnfoldAdminTextInputWidget)
    schema_version = forms.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Of the body. When it is empty, what the message says counts.",
    )
    body = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18, "class": "font-mono", "spellcheck": "false"}),
        help_text="A JSON object; of a registered event type, one that fits it.",
        strip=False,
    )
    reason = forms.CharField(
        max_length=500, widget=UnfoldAdminTextInputWidget, help_text="It is kept with the operation."
    )

    @classmethod
    def of(cls, letter: DeadLetter, said: Any = None) -> "EditForm":
        """The form for a letter, with what the letter says; `said` is what was sent."""
        versions = [value for name, value in letter.headers if name == "schema_version" and isinstance(value, str)]
        known = {"body": readable_body(bytes(letter.body or b"")), "event_type": letter.event_type}
        return cls(said, initial=known | {"schema_version": versions[-1] if versions else None})

    def edit(self) -> DeadLetterEdit:
        """What was changed; the body is as it was sent in any case."""
        changed = {name: self.cleaned_data[name] or None for name in ("event_type", "schema_version")}
        changed = {name: value for name, value in changed.items() if name in self.changed_data}
        return DeadLetterEdit(body=self.cleaned_data["body"], **changed)
