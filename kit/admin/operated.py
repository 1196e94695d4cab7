"""Operated admin: read-only rows with actions on them, each with a reason and an entry in the row's history."""

from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from unfold.decorators import action

from kit.admin.audit import audit
from kit.admin.pages import admin_page, redirect_from_dialog, row_url
from kit.admin.read_only import ReadOnlyAdmin
from kit.admin.reasons import SelectionReasonForm

View = Callable[..., HttpResponse]


def row_action(**options: Any) -> Callable[[View], View]:
    """An action on one row, for `actions_detail`; 404 when the address names none. See unfold's `action`.

    It is for those who may operate, unless `permissions` say otherwise.
    """

    def decorate(function: View) -> View:
        act = action(**({"permissions": ["operate"]} | options))(function)

        @wraps(act)
        def act_on_row(self: ReadOnlyAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
            if not self.has_view_or_change_permission(request):
                raise PermissionDenied
            row = self.get_object(request, object_id)
            if row is None:
                raise Http404
            response: HttpResponse = act(self, request, object_id=row.pk)
            return response

        return act_on_row

    return decorate


def selection_action(verb: str, description: str, *, permission: str = "operate") -> Callable[..., HttpResponse | None]:
    """An action on the selected rows, for `actions`: asks why on a page of its own, then has `act_on_selection` act."""

    @admin.action(description=description, permissions=[permission])
    def act(model_admin: "OperatedAdmin", request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        reason = model_admin.ask_reason(request, queryset, verb)
        if not isinstance(reason, str):
            return reason
        return model_admin.act_on_selection(request, queryset, verb, reason)

    return act


class OperatedAdmin(ReadOnlyAdmin):
    """Shows rows without letting them be edited; actions on them ask for a reason."""

    verbs: ClassVar[dict[str, str]] = {}
    """What can be done to many rows, and what that means."""
    dangerous: ClassVar[Collection[str]] = {"discard"}
    """The verbs that cannot be taken back."""
    # Nobody counts these lists, and so nobody could see how many rows that would be: see `kit.admin.bulk`.
    list_disable_select_all = True

    def possible_actions(self, row: Any) -> Collection[str]:
        """The names of those `actions_detail` that can be done to the row as it is."""
        names: Collection[str] = self.actions_detail
        return names

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer no button that would do nothing."""
        row = self.get_object(request, str(object_id))
        possible = () if row is None else self.possible_actions(row)
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if one.method.__name__ in possible]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, whatever a selection says."""
        if ACTION_CHECKBOX_NAME in request.POST:
            request.POST = _of_ticked_rows(request.POST, self.opts.pk)  # type: ignore[assignment]
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def audit(self, request: HttpRequest, objects: Sequence[Model] | QuerySet[Any], message: str) -> None:
        """Keep in each object's history who has done what, and why."""
        audit(request, objects, message)

    def act_on_selection(
        self, request: HttpRequest, queryset: QuerySet[Any], verb: str, reason: str
    ) -> HttpResponse | None:
        """Do what the verb says to the selected rows, and say where to go on, if not to the list."""
        raise NotImplementedError

    def ask_reason(self, request: HttpRequest, queryset: QuerySet[Any], verb: str) -> str | HttpResponse | None:
        """Why the selected rows are acted on, or the page that asks for it; None when the list has none of them."""
        count = queryset.count()
        if not count:
            messages.warning(request, "Nothing was done: what was selected is no longer in the list.")
            return None
        form = SelectionReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            return str(form.cleaned_data["reason"])
        context = {
            "title": f"{verb.capitalize()} {self.opts.verbose_name_plural}",
            "description": self.verbs[verb],
            "danger": verb in self.dangerous,
            "form": form,
            "action": verb,
            "rows": list(queryset[:10]),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "count": count,
            # With what narrows the list, so that the rows are looked for where they were ticked.
            "back": request.get_full_path(),
        }
        return admin_page(self, request, "admin/kit/reason.html", context)

    def report(self, request: HttpRequest, changed: int, asked: int, what: str) -> None:
        """Show how many of the chosen rows were changed."""
        level = messages.SUCCESS if changed else messages.WARNING
        messages.add_message(request, level, f"{changed} of {asked} {what}.")

    def back_to_row(self, object_id: object) -> HttpResponse:
        """The row's page, after a dialog."""
        return redirect_from_dialog(row_url(f"{self.opts.app_label}_{self.opts.model_name}", object_id))


def _of_ticked_rows(data: QueryDict, key: "Field[Any, Any]") -> QueryDict:
    """The form's data, of no more than the rows that are ticked, and of nothing that is no key of a row."""
    kept = data.copy()
    kept.setlist(ACTION_CHECKBOX_NAME, [one for one in data.getlist(ACTION_CHECKBOX_NAME) if _is_key(key, one)])
    kept["select_across"] = "0"
    return kept


def _is_key(key: "Field[Any, Any]", value: str) -> bool:
    try:
        key.run_validators(key.to_python(value))
    except ValidationError:
        return False
    return "\0" not in value
