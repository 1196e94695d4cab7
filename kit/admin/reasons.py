"""Reasons: who acts and why, asked in a dialog or on a page of its own."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm

from kit.admin.fields import reason_field


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why, in a dialog."""

    reason = reason_field()


class SelectionReasonForm(forms.Form):
    """Asks why several rows are acted on, on a page of its own."""

    reason = reason_field(help_text="It is kept with what is done.")


def reason_dialog(
    title: str, description: str, *, submit: str | None = None, form: type[BaseDialogForm] = ReasonForm
) -> ActionDialog:
    """A dialog that asks for a reason before it acts; `submit` stands on its button, if not the title."""
    return ActionDialog(title=title, description=description, form_class=form, form_submit_text=submit or title)


def refuse_dialog(request: HttpRequest, form: BaseDialogForm, error: Exception, *, field: str | None) -> HttpResponse:
    """The dialog again, with all that was typed, and what is wrong beside the field, or above all where it is none."""
    form.add_error(field if field in form.fields else None, f"{error}.")
    return render(request, "unfold/helpers/dialog.html", {"dialog": {}, "form": form})


def actor_of(request: HttpRequest) -> str:
    """Who acts, as the audit names people."""
    return request.user.get_username()
