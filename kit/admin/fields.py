"""Form fields in the look of the admin: each kind that several forms have stands here once."""

from collections.abc import Iterable
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from kit.arguments import MAX_REASON


def text_field(max_length: int = 255, *, required: bool = False, **options: Any) -> forms.CharField:
    """A line of text; `options` are those of Django's field."""
    return forms.CharField(max_length=max_length, required=required, widget=UnfoldAdminTextInputWidget, **options)


def reason_field(*, required: bool = True, **options: Any) -> forms.CharField:
    """Why something is done."""
    return text_field(MAX_REASON, required=required, **options)


def verb_field(verbs: Iterable[str]) -> forms.ChoiceField:
    """Which of the verbs is carried out."""
    choices = [(verb, verb.capitalize()) for verb in verbs]
    return forms.ChoiceField(label="What", choices=choices, widget=UnfoldAdminSelectWidget)
