"""What have the outbox's screens in common? They show rows that nobody edits, and act on them with a reason."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from events.console import ReadOnlyAdmin


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget)


def reason_dialog(title: str, description: str, submit: str) -> ActionDialog:
    """A dialog that asks for a reason before it acts."""
    return ActionDialog(title=title, description=description, form_class=ReasonForm, form_submit_text=submit)


class OperatedAdmin(ReadOnlyAdmin):
    """Shows rows without letting them be edited. Actions on them need the permission to change them."""

    list_filter_submit = False

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who might change a row may act on it."""
        return bool(request.user.has_perm(f"outbox.change_{self.opts.model_name}"))

    def _back_to(self, object_id: object) -> HttpResponse:
        # The dialog was sent by a script, which goes where this header says.
        url = reverse(f"admin:outbox_{self.opts.model_name}_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})
