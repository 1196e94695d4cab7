"""Command forms: a form field for each field of a command, by its JSON Schema; what nests is JSON."""

import json
from typing import Any

import msgspec
from django import forms
from django.utils.text import capfirst
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from events.aggregates.aggregate import RESERVED, Aggregate
from events.codec.ijson import check_number_of_values
from events.codec.payloads import explain
from events.commands.schemas import ONE_AT_A_TIME, command_schema
from events.exceptions import TooManyValues
from kit.admin.fields import reason_field, text_field

OWN = "own-"
"""Before the names of a command's own fields, which may be called as the form's are: `reason`."""
EXAMPLES = {"date-time": "2025-01-15T10:30:00Z", "uuid": "01946b2c-7d3e-7000-8000-000000000000"}
LIMITS = {
    "minLength": "at least {} character(s)",
    "maxLength": "at most {} character(s)",
    "pattern": "like {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxItems": "at most {} items",
}
Schema = dict[str, Any]


class CommandForm(forms.Form):
    """Whom a command is for, its fields, and why it is given. Use `command_form`, which adds the command's fields."""

    kind: Aggregate[Any]
    name: str

    aggregate_id = text_field(required=True, strip=False)
    one_at_a_time = forms.BooleanField(
        required=False, label="One at a time", help_text=ONE_AT_A_TIME, widget=UnfoldBooleanSwitchWidget
    )
    why = reason_field(label="Reason", help_text="Why you give the command: kept with its events, and in the log.")

    def clean(self) -> dict[str, Any]:
        """The typed command as `command`; what does not fit stands beside its field."""
        cleaned: dict[str, Any] = super().clean() or {}
        if any(name.startswith(OWN) for name in self.errors):
            return cleaned
        fields = {
            name.removeprefix(OWN): value
            for name, value in cleaned.items()
            if name.startswith(OWN) and value is not None
        }
        try:
            cleaned["command"] = msgspec.convert(fields, self.kind.command_type(self.name))
        except msgspec.ValidationError as error:
            problem = explain(error)
            field, _, within = problem.pointer.removeprefix("/").partition("/")
            place = f" (at /{within})" if within else ""
            self.add_error(OWN + field if OWN + field in self.fields else None, problem.reason + place)
        return cleaned

    @property
    def command(self) -> Any:
        """The command of the valid form."""
        return self.cleaned_data["command"]


def command_form(aggregate: Aggregate[Any], name: str) -> type[CommandForm]:
    """The form of a command. Raises `UnknownCommand`."""
    schema = command_schema(aggregate, name, aggregate.command_type(name))
    own = {key: of for key, of in schema["properties"].items() if key not in RESERVED}
    fields = {OWN + key: _field(key, of, required=key in schema["required"]) for key, of in own.items()}
    order = ["aggregate_id", *fields, "one_at_a_time", "why"]
    return type("CommandForm", (CommandForm,), {"kind": aggregate, "name": name, "field_order": order, **fields})


def example(schema: Schema) -> Any:
    """A value of about the right shape."""
    match schema:
        case {"anyOf": [first, *_]}:
            made = example(first)
        case {"enum": [first, *_]}:
            made = first
        case {"type": "object"}:
            made = {key: example(of) for key, of in schema.get("properties", {}).items()}
        case {"type": "array"}:
            made = [example(schema["items"])] if isinstance(schema.get("items"), dict) else []
        case {"type": "integer" | "number"}:
            made = schema.get("minimum", 1)
        case {"type": "boolean"}:
            made = False
        case {"type": "string"}:
            made = EXAMPLES.get(schema.get("format", ""), "text")
        case _:
            made = None
    return made


class _JSONField(forms.CharField):
    """A value as JSON."""

    def clean(self, value: Any) -> Any:
        """The value, or what is wrong with the text."""
        text = super().clean(value)
        if not text:
            return None
        try:
            check_number_of_values(text.encode())
            return msgspec.json.decode(text)
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError, TooManyValues) as error:
            raise forms.ValidationError(f"This is no JSON: {error}") from error


class _Text(forms.CharField):
    """Text, or nothing where it may be left out."""

    def clean(self, value: Any) -> Any:
        """Nothing for an empty text."""
        return super().clean(value) or None


def _field(name: str, schema: Schema, *, required: bool) -> forms.Field:
    of = _without_null(schema)
    about: dict[str, Any] = {"label": capfirst(name.replace("_", " ")), "required": required, "help_text": _help(of)}
    if "default" in schema:
        about["initial"] = schema["default"]
    if "enum" in of:
        choices = [(value, value) for value in of["enum"]]
        blank = [] if required else [("", "-")]
        return forms.TypedChoiceField(
            choices=blank + choices, widget=UnfoldAdminSelectWidget, empty_value=None, **about
        )
    match of.get("type"):
        case "boolean":
            return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **(about | {"required": False}))
        case "integer":
            return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **about)
        case "string":
            return _Text(strip=False, widget=UnfoldAdminTextInputWidget, **about)
        case _:
            shown = json.dumps(schema.get("default", example(of)), indent=2, ensure_ascii=False)
            widget = UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "font-mono", "spellcheck": "false"})
            return _JSONField(widget=widget, **(about | {"initial": shown}))


def _without_null(schema: Schema) -> Schema:
    choices = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _help(schema: Schema) -> str:
    limits = [text.format(schema[name]) for name, text in LIMITS.items() if name in schema]
    told = [schema["description"]] if "description" in schema else []
    if schema.get("type") not in {"string", "integer", "boolean"} and "enum" not in schema:
        told.append("JSON; an example is filled in.")
    if schema.get("format") in EXAMPLES:
        told.append(f"Like {EXAMPLES[schema['format']]}.")
    return " ".join([*told, capfirst(", ".join(limits)) + "." if limits else ""]).strip()
