"""Admin of materialised views: how fresh each is, what its last refresh failed with, and how it is refreshed."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from kit.admin.display import seconds, table
from kit.admin.operated import OperatedAdmin, row_action
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog
from projections.exceptions import ProjectionError, UnknownView
from projections.models import MaterialisedView
from projections.operating import reading
from projections.operating.actions import OPERATE
from projections.views import records
from projections.views.operating import REFRESH, ask_for_refresh
from projections.views.records import ViewStatus, view_status
from projections.views.registry import registered_views, view_named

BADGES = {"fresh": "success", "asked for": "info", "failed": "danger", "never filled": "warning", "no code": "default"}


@admin.register(MaterialisedView)
class MaterialisedViewAdmin(OperatedAdmin):
    """Materialised views: how fresh they are, and the verb to refresh them."""

    list_display = ("name", "kind", "state", "age", "refreshed_at", "seconds", "last_error")
    fieldsets = (
        ("How fresh it is", {"fields": ("name", "kind", "state", "age", "refreshed_at", "position", "schedule")}),
        ("The last refresh", {"fields": ("seconds", "error", "attempts", "failed_at", "retry_at")}),
        ("What operators did", {"fields": ("operations",)}),
    )
    actions_detail = ("refresh_view",)
    verbs: ClassVar = {REFRESH.verb: REFRESH.explanation}
    operate_permission = OPERATE

    @row_action(
        description=REFRESH.label,
        url_path=REFRESH.verb,
        variant=ActionVariant.PRIMARY,
        dialog=reason_dialog(REFRESH.label, REFRESH.explanation),
    )
    def refresh_view(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Ask for a refresh."""
        reason = form.cleaned_data["reason"]
        try:
            ask_for_refresh(object_id, actor=actor_of(request), reason=reason)
        except ProjectionError as error:
            self.message_user(request, f"{error}.", messages.ERROR)
        else:
            self.audit(request, [MaterialisedView.objects.get(pk=object_id)], f"Refresh: {reason}")
            self.message_user(request, f"{object_id} is refreshed within some seconds.", messages.SUCCESS)
        return self.back_to_row(object_id)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[MaterialisedView]":
        """All views, those included that nobody has filled."""
        for view in registered_views():
            records.current(view.name)
        queryset: QuerySet[MaterialisedView] = super().get_queryset(request)
        return queryset

    @display(description="kind")
    def kind(self, row: MaterialisedView) -> str:
        """Who computes it."""
        status = _status(row)
        if status is None:
            return "-"
        return f"incremental, by {status.projection}" if status.projection else status.kind

    @display(description="state", label=BADGES)
    def state(self, row: MaterialisedView) -> str:
        """Whether it is kept as it is meant to be."""
        status = _status(row)
        if status is None:
            return "no code"
        if status.error:
            return "failed"
        if status.is_asked_for:
            return "asked for"
        return "never filled" if status.age is None else "fresh"

    @display(description="age (seconds)")
    def age(self, row: MaterialisedView) -> str:
        """How far it may be behind."""
        status = _status(row)
        return "-" if status is None or status.age is None else f"{status.age:,.1f}"

    @display(description="position")
    def position(self, row: MaterialisedView) -> str:
        """Up to where an incremental one has the log."""
        status = _status(row)
        return "-" if status is None or status.position is None else f"{status.position:,}"

    @display(description="schedule")
    def schedule(self, row: MaterialisedView) -> str:
        """How often a full one is computed."""
        status = _status(row)
        return "-" if status is None or status.interval is None else f"every {status.interval:,.0f} s"

    @display(description="last error")
    def last_error(self, row: MaterialisedView) -> str:
        """The beginning of what the last refresh failed with."""
        return row.error[:80] or "-"

    @display(description="operations")
    def operations(self, row: MaterialisedView) -> SafeString:
        """What operators did, in the console, over REST and at the command line."""
        rows = [(seconds(one.at), one.actor, one.verb, one.reason) for one in reading.operations(row.name)]
        return table(("At", "Who", "What", "Why"), rows)

    def possible_actions(self, row: MaterialisedView) -> Any:
        """Nothing can be done to a view that no code knows."""
        return () if _status(row) is None else self.actions_detail


def _status(row: MaterialisedView) -> ViewStatus | None:
    try:
        return view_status(view_named(row.name), row)
    except UnknownView:
        return None
