"""Bulk actions: an operator filters rows, sees how many those are, and only then acts on them all."""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldBooleanWidget

from kit.admin.fields import reason_field
from kit.admin.operated import OperatedAdmin
from kit.admin.pages import admin_page
from kit.links import link_to


class BulkForm(forms.Form):
    """Which rows, what shall be done to them, and why. Subclasses have a `verb`, and the fields that filter."""

    filter_fields: ClassVar[tuple[str, ...]] = ()
    """The fields by which some rows are told from the others."""

    everything = forms.BooleanField(
        label="All that there are",
        required=False,
        help_text="Instead of a filter. An empty form means none.",
        widget=UnfoldBooleanWidget,
    )
    reason = reason_field(required=False, help_text="It is kept with what is done.")

    def clean(self) -> dict[str, Any]:
        """Take a filter or everything in so many words, never both or neither."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(self.filters) == cleaned["everything"]:
            text = "Not beside a filter." if self.filters else "Narrow it down, or tick this."
            self.add_error("everything", text)
        return cleaned

    @property
    def filters(self) -> dict[str, Any]:
        """Those of the `filter_fields` that are filled in."""
        return {name: self.cleaned_data[name] for name in self.filter_fields if self.cleaned_data.get(name)}

    def fingerprint(self) -> str:
        """The same as long as verb and filters are."""
        selection = [self.cleaned_data["verb"], self.filters]
        return sha256(json.dumps(selection, default=str).encode()).hexdigest()


class BulkAdmin(OperatedAdmin):
    """Has a page on which many rows are acted on; subclasses count them and begin."""

    bulk_form: type[BulkForm]
    bulk_max: ClassVar[int | None] = None
    """Most rows that one start deals with; None for all."""

    def count_bulk(self, form: Any) -> int:
        """How many rows the form selects."""
        raise NotImplementedError

    def sample_bulk(self, form: Any) -> Iterable[SafeString]:
        """The first of them, as links to their pages."""
        return ()

    def taken_over(self, query: QueryDict) -> dict[str, Any]:
        """What the form begins with, of an address that narrows the list."""
        return query.dict()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, from which the page for many takes over what narrows it."""
        shown = super().changelist_view(request, extra_context)
        if isinstance(shown, TemplateResponse) and shown.context_data and request.GET:
            page = link_to(f"admin:{self.opts.app_label}_{self.opts.model_name}_operate")
            for button in shown.context_data.get("actions_list", ()):
                if button.get("path") == page:
                    button["path"] = f"{page}?{request.GET.urlencode()}"
        return shown

    def start_bulk(self, request: HttpRequest, form: Any) -> HttpResponse:
        """Act on them, or have it done, and say where to go on."""
        raise NotImplementedError

    @action(description="Act on many", url_path="operate", permissions=["operate"], icon="rule")
    def operate(self, request: HttpRequest) -> HttpResponse:
        """Act on all that a filter selects, once the operator has seen how many they are."""
        form, counted, fingerprint = self._form_of(request), None, ""
        if form.is_bound and form.is_valid():
            counted, fingerprint = self.count_bulk(form), form.fingerprint()
            if counted and "start" in request.POST:
                if request.POST.get("counted") != fingerprint:
                    messages.warning(request, "Nothing has begun: look how many are selected now, and start again.")
                elif form.cleaned_data["reason"]:
                    return self.start_bulk(request, form)
                else:
                    form.add_error("reason", "Say why.")
        context = {
            "title": f"Act on many {self.opts.verbose_name_plural}",
            "form": form,
            "counted": counted,
            "fingerprint": fingerprint,
            "now": min(counted or 0, self.bulk_max or counted or 0),
            "verb": form.cleaned_data["verb"] if fingerprint else "",
            "verbs": self.verbs,
            "sample": self.sample_bulk(form) if counted else (),
            "danger": bool(fingerprint) and form.cleaned_data["verb"] in self.dangerous,
        }
        return admin_page(self, request, "admin/kit/bulk.html", context)

    def _form_of(self, request: HttpRequest) -> BulkForm:
        if request.method == "POST":
            return self.bulk_form(request.POST)
        # A link that says all that is needed leads to the number at once.
        linked = self.bulk_form(request.GET)
        return linked if linked.is_valid() else self.bulk_form(initial=self.taken_over(request.GET))
