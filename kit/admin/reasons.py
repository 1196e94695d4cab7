"""Reasons: who acts and why, asked in a dialog, beside the choice of an action, or on a page of its own."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.forms import ActionForm, BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from kit.admin.fields import MAX_REASON, reason_field


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why, in a dialog."""

    reason = reason_field()


class SelectionReasonForm(forms.Form):
    """Asks why several rows are acted on, on a page of its own."""

    reason = reason_field(help_text="It is kept with what is done.")


class ReasonedActionForm(ActionForm):  # type: ignore[misc]
    """Asks why, beside the choice of what is done with the selected rows; see `reason_of`."""

    reason = forms.CharField(
        label="",
        max_length=MAX_REASON,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Why?", "aria-label": "Reason"}),
    )


def reason_dialog(
    title: str, description: str, *, submit: str | None = None, form: type[BaseDialogForm] = ReasonForm
) -> ActionDialog:
    """A dialog that asks for a reason before it acts; `submit` stands on its button, if not the title."""
    return ActionDialog(title=title, description=description, form_class=form, form_submit_text=submit or title)


def reason_of(request: HttpRequest) -> str | None:
    """The reason that was given with an action on selected rows; without one, whoever acts is asked for it."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Nothing was done: say why.")
        return None
    return reason


def actor_of(request: HttpRequest) -> str:
    """Who acts, as the audit names people."""
    return request.user.get_username()
