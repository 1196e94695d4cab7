"""What do the screens of all apps share? Rows that nobody edits, pages that nobody counts, JSON that can be read."""

import json
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.forms import ActionForm, BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextInputWidget

MAX_REASON = 500


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why, in a dialog."""

    reason = forms.CharField(max_length=MAX_REASON, widget=UnfoldAdminTextInputWidget)


class ReasonedActionForm(ActionForm):  # type: ignore[misc]
    """Asks why, beside the choice of what is done with the selected rows."""

    reason = forms.CharField(
        label="",
        max_length=MAX_REASON,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Why?", "aria-label": "Reason"}),
    )


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Shows and never changes."""

    # Tables of events are too long to be counted for every page.
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes here."""
        return False


def reason_of(request: HttpRequest) -> str | None:
    """The reason that was given with an action on selected rows; without one, whoever acts is asked for it."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Nothing was done: say why.")
        return None
    return reason


def redirect_from_dialog(url: str) -> HttpResponse:
    """Where to go on after a dialog: it was sent by a script, which goes where this header says."""
    return HttpResponse(headers={"HX-Redirect": url})


def log_link(term: str) -> SafeString:
    """A term, leading to the events that it names."""
    url = f"{reverse('admin:events_domainevent_changelist')}?{urlencode({'q': term})}"
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, term)


def json_block(value: Any) -> SafeString:
    """A value as indented JSON."""
    return block(json.dumps(value, indent=2, ensure_ascii=False))


def block(text: str) -> SafeString:
    """Preformatted text."""
    return format_html('<pre class="font-mono text-sm whitespace-pre-wrap break-all">{}</pre>', text)
