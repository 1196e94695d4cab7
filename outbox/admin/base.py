"""What have the outbox's screens in common? They show rows that nobody edits, and act on them with a reason.

Whatever is done is kept in Django's log of the object that it was done to, beside what the operation itself keeps.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from events.console import ReadOnlyAdmin


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


class OperatedAdmin(ReadOnlyAdmin):
    """Shows rows without letting them be edited. Actions on them need the permission to change them."""

    list_filter_submit = False

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who might change a row may act on it."""
        return bool(request.user.has_perm(f"outbox.change_{self.opts.model_name}"))

    def audit(self, request: HttpRequest, objects: Iterable[Model], message: str) -> None:
        """Keep in each object's history who has done what, and why."""
        LogEntry.objects.log_actions(str(request.user.pk), list(objects), CHANGE, message)

    def ask_reason(
        self, request: HttpRequest, queryset: QuerySet[Any], *, action: str, title: str, description: str, danger: bool
    ) -> str | HttpResponse:
        """Why the selected rows are acted on, or the page that asks for it."""
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
            "select_across": request.POST.get("select_across", "0"),
            "count": queryset.count(),
            "back": reverse(f"admin:outbox_{self.opts.model_name}_changelist"),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/outbox/reason.html", context)

    def _back_to(self, object_id: object) -> HttpResponse:
        # The dialog was sent by a script, which goes where this header says.
        url = reverse(f"admin:outbox_{self.opts.model_name}_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})
