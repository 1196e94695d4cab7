"""Dead-letter forms: what an operator is asked before one is edited, or many are acted on."""

from typing import Any, ClassVar

import msgspec
from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from kit.admin.bulk import BulkForm
from kit.admin.fields import reason_field, text_field, verb_field
from outbox.admin.bodies import readable_body
from outbox.dead_letters.edits import DeadLetterEdit
from outbox.dead_letters.selection import DeadLetterFilter
from outbox.models import DeadLetter, DeadLetterOperation


def _timestamp(help_text: str) -> forms.DateTimeField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    return forms.DateTimeField(required=False, help_text=help_text, widget=widget)


class DeadLettersForm(BulkForm):
    """Which dead letters, what shall be done to them, and why."""

    filter_fields: ClassVar = (
        "failure_group",
        "consumer",
        "event_type",
        "topic",
        "exception",
        "text",
        "since",
        "until",
    )
    field_order = ("verb", *filter_fields, "everything", "rate", "reason")

    verb = verb_field(DeadLetterOperation.Verb.values)
    failure_group = text_field(help_text="Failures of one kind at one place.")
    consumer = text_field(help_text="The group that could not handle them.")
    event_type = text_field()
    topic = text_field()
    exception = text_field(help_text="The exception's class.")
    text = text_field(help_text="A part of what the exception said.")
    since = _timestamp("Failed last at this time (UTC) or later.")
    until = _timestamp("Failed last before this time (UTC).")
    rate = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=10_000,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Dead letters retried in a second at most; the setting's when it is empty.",
    )

    def selection(self) -> DeadLetterFilter:
        """The filter as operations take it."""
        return msgspec.convert(self.filters, DeadLetterFilter)


class EditForm(forms.Form):
    """What is different in the copy, and why."""

    event_type = text_field()
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
    reason = reason_field(help_text="It is kept with the operation.")

    @classmethod
    def of(cls, dead_letter: DeadLetter, data: Any = None) -> "EditForm":
        """The form for a dead letter, filled with its own values; `data` is what was sent."""
        versions = [value for name, value in dead_letter.headers if name == "schema_version" and isinstance(value, str)]
        known = {"body": readable_body(bytes(dead_letter.body or b"")), "event_type": dead_letter.event_type}
        return cls(data, initial=known | {"schema_version": versions[-1] if versions else None})

    def edit(self) -> DeadLetterEdit:
        """What was changed; the body is as it was sent in any case."""
        changed = {name: self.cleaned_data[name] or None for name in ("event_type", "schema_version")}
        changed = {name: value for name, value in changed.items() if name in self.changed_data}
        return DeadLetterEdit(body=self.cleaned_data["body"], **changed)
