"""What have the outbox's screens in common? They show rows that nobody edits, and act on them with a reason.

Whatever is done is kept in Django's log of the object that it was done to, beside what the operation itself keeps.
"""

from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from kit.admin.console import ReadOnlyAdmin

# Entries of the log written in one statement: PostgreSQL takes 65 535 parameters.
CHUNK = 1_000
# A number of as many digits is a bigint.
DIGITS = 18
# How the filters of Django's admin look for a text, a choice or a time; "" is the value itself.
LOOKUPS = ("", "exact", "isnull", "gte", "lt")

View = Callable[..., HttpResponse]


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget)


class SelectionForm(forms.Form):
    """Asks why several rows are acted on."""

    reason = forms.CharField(
        max_length=500, widget=UnfoldAdminTextInputWidget, help_text="It is kept with what is done."
    )


def reason_dialog(title: str, description: str, submit: str, *, form: Any = ReasonForm) -> ActionDialog:
    """A dialog that asks for a reason before it acts."""
    return ActionDialog(title=title, description=description, form_class=form, form_submit_text=submit)


def row_action(**said: Any) -> Callable[[View], View]:
    """An action on one row, for `actions_detail`; 404 when the address names none. See unfold's `action`."""

    def decorate(function: View) -> View:
        act = action(**said)(function)

        @wraps(act)
        def act_on_row(self: "OperatedAdmin", request: HttpRequest, object_id: str) -> HttpResponse:
            if not self.has_view_or_change_permission(request):
                raise PermissionDenied
            row = self.get_object(request, object_id)
            if row is None:
                raise Http404
            response: HttpResponse = act(self, request, object_id=row.pk)
            return response

        return act_on_row

    return decorate


class OperatedAdmin(ReadOnlyAdmin):
    """Shows rows without letting them be edited. Actions on them need the permission to change them."""

    list_filter_submit = False
    # Nobody counts these lists, and so nobody could see how many rows that would be: see `outbox.admin.bulk`.
    list_disable_select_all = True

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who might change a row may act on it."""
        return bool(request.user.has_perm(f"outbox.change_{self.opts.model_name}"))

    def possible(self, row: Any) -> Collection[str]:
        """The names of those `actions_detail` that can be done to the row as it is."""
        names: Collection[str] = self.actions_detail
        return names

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer no button that would do nothing."""
        row = self.get_object(request, str(object_id))
        possible = () if row is None else self.possible(row)
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if one.method.__name__ in possible]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, whatever the address and a selection say."""
        request.GET = _without_nul(request.GET)  # type: ignore[assignment]
        if ACTION_CHECKBOX_NAME in request.POST:
            request.POST = _of_ticked_rows(request.POST)  # type: ignore[assignment]
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Take from an address what the filters of the list say, and nothing that a database may choke on."""
        name, _, how = lookup.partition("__")
        filters = {one if isinstance(one, str) else one.parameter_name for one in self.list_filter}
        return name in filters and how in LOOKUPS

    def audit(self, request: HttpRequest, objects: Sequence[Model] | QuerySet[Any], message: str) -> None:
        """Keep in each object's history who has done what, and why."""
        entries = list(objects)
        for start in range(0, len(entries), CHUNK):
            LogEntry.objects.log_actions(str(request.user.pk), entries[start : start + CHUNK], CHANGE, message)

    def ask_reason(
        self, request: HttpRequest, queryset: QuerySet[Any], *, action: str, title: str, description: str, danger: bool
    ) -> str | HttpResponse | None:
        """Why the selected rows are acted on, or the page that asks for it; None when the list has none of them."""
        count = queryset.count()
        if not count:
            messages.warning(request, "Nothing was done: what was selected is no longer in the list.")
            return None
        form = SelectionForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            return str(form.cleaned_data["reason"])
        context = self.admin_site.each_context(request) | {
            "title": title,
            "description": description,
            "danger": danger,
            "form": form,
            "action": action,
            "rows": list(queryset[:10]),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "count": count,
            # With what narrows the list, so that the rows are looked for where they were ticked.
            "back": request.get_full_path(),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/outbox/reason.html", context)

    def _back_to(self, object_id: object) -> HttpResponse:
        # The dialog was sent by a script, which goes where this header says.
        url = reverse(f"admin:outbox_{self.opts.model_name}_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})


def _without_nul(said: QueryDict) -> QueryDict:
    """What is said, without values that no text in the database can have."""
    kept = QueryDict(mutable=True)
    for name, values in said.lists():
        if possible := [value for value in values if "\0" not in value]:
            kept.setlist(name, possible)
    return kept


def _of_ticked_rows(said: QueryDict) -> QueryDict:
    """What is said, of no more than the rows that are ticked, and of nothing that is no number."""
    kept = said.copy()
    ticked = [value for value in said.getlist(ACTION_CHECKBOX_NAME) if value.isascii() and value.isdigit()]
    kept.setlist(ACTION_CHECKBOX_NAME, [value for value in ticked if len(value) <= DIGITS])
    kept["select_across"] = "0"
    return kept
