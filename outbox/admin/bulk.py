"""How are many acted on at once? An operator says which, sees how many those are, and only then begins."""

import json
from hashlib import sha256
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from outbox.admin.base import OperatedAdmin


class ManyForm(forms.Form):
    """Which ones, what shall be done to them, and why. Subclasses have a `verb`, and the fields that narrow."""

    narrowing: ClassVar[tuple[str, ...]] = ()
    """The fields by which some are told from the others."""

    everything = forms.BooleanField(
        label="All that there are",
        required=False,
        help_text="Instead of a filter. An empty form means none.",
        widget=UnfoldBooleanWidget,
    )
    reason = forms.CharField(
        max_length=500, required=False, widget=UnfoldAdminTextInputWidget, help_text="It is kept with what is done."
    )

    def clean(self) -> dict[str, Any]:
        """Either some are meant or all, in so many words."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(self.narrowed) == said["everything"]:
            text = "Not beside a filter." if self.narrowed else "Narrow it down, or tick this."
            self.add_error("everything", text)
        return said

    @property
    def narrowed(self) -> dict[str, Any]:
        """What is said about those that are meant."""
        return {name: self.cleaned_data[name] for name in self.narrowing if self.cleaned_data.get(name)}

    def fingerprint(self) -> str:
        """The same as long as the same is meant."""
        meant = [self.cleaned_data["verb"], self.narrowed]
        return sha256(json.dumps(meant, default=str).encode()).hexdigest()


class ManyAdmin(OperatedAdmin):
    """Has a page on which many rows are acted on; subclasses count them and begin."""

    many_form: type[ManyForm]
    many_verbs: ClassVar[dict[str, str]]
    """What each verb does."""
    many_most: ClassVar[int | None] = None
    """Most that one start deals with; None for all."""

    def count_many(self, form: Any) -> int:
        """How many are meant."""
        raise NotImplementedError

    def start_many(self, request: HttpRequest, form: Any) -> HttpResponse:
        """Do it, or have it done, and say where to go on."""
        raise NotImplementedError

    @action(description="Act on many", url_path="operate", permissions=["operate"], icon="rule")
    def operate(self, request: HttpRequest) -> HttpResponse:
        """Do something to all that a filter means, once the operator has seen how many they are."""
        form, counted, fingerprint = self._form_of(request), None, ""
        if form.is_bound and form.is_valid():
            counted, fingerprint = self.count_many(form), form.fingerprint()
            if counted and "start" in request.POST:
                if request.POST.get("counted") != fingerprint:
                    messages.warning(request, "Nothing has begun: look how many are meant now, and start again.")
                elif form.cleaned_data["reason"]:
                    return self.start_many(request, form)
                else:
                    form.add_error("reason", "Say why.")
        context = self.admin_site.each_context(request) | {
            "title": f"Act on many {self.opts.verbose_name_plural}",
            "form": form,
            "counted": counted,
            "fingerprint": fingerprint,
            "now": min(counted or 0, self.many_most or counted or 0),
            "verb": form.cleaned_data["verb"] if fingerprint else "",
            "verbs": self.many_verbs,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/outbox/operate.html", context)

    def _form_of(self, request: HttpRequest) -> ManyForm:
        if request.method == "POST":
            return self.many_form(request.POST)
        # A link that says all that is needed leads to the number at once.
        asked = self.many_form(request.GET)
        return asked if asked.is_valid() else self.many_form(initial=request.GET.dict())
