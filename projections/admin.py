"""Admin of projections: how far each is, what it failed at, and how it is paused, resumed and rebuilt."""

from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from unfold.decorators import display

from kit.admin.display import link
from kit.admin.operated import OperatedAdmin, selection_action
from kit.admin.pages import row_url
from kit.admin.reasons import actor_of
from kit.arguments import is_storable
from projections import checkpoints
from projections.exceptions import RebuildRefused, UnknownProjection
from projections.lag import ProjectionStatus, projection_status
from projections.models import ProjectionCheckpoint
from projections.projection import Projection, projection_named, registered_projections
from projections.rebuilding import records
from projections.rebuilding.operations import ACTIONS, operate

log = structlog.get_logger(__name__)

BADGES = {"running": "success", "paused": "warning", "failed": "danger", "outdated": "danger"}


@admin.register(ProjectionCheckpoint)
class ProjectionAdmin(OperatedAdmin):
    """Projections: how far they are, what holds them, and the verbs to control them."""

    list_display = ("name", "status_badge", "position", "lag_events", "lag_seconds", "last_error", "updated_at")
    list_before_template = "admin/projections/legend.html"
    fieldsets = (
        ("How far it is", {"fields": ("name", "status_badge", "position", "lag_events", "lag_seconds", "updated_at")}),
        ("What it failed at", {"fields": ("failed_event_link", "failed_position", "error", "attempts", "retry_at")}),
        ("Code", {"fields": ("version",)}),
    )
    change_form_before_template = "admin/projections/rebuild.html"
    actions = tuple(f"{verb}_projections" for verb in ("pause", "resume", *ACTIONS))
    pause_projections = selection_action("pause", "Pause")
    resume_projections = selection_action("resume", "Resume, or try a failed event again now")
    rebuild_projections, swap_projections, rollback_projections, drop_projections, cancel_projections = (
        selection_action(verb, f"{action.label}: {action.explanation}", permission="rebuild")
        for verb, action in ACTIONS.items()
    )
    verbs: ClassVar = {
        "pause": "They stay where they are until they are resumed.",
        "resume": "They go on at once; a failed event is tried again now.",
    } | {verb: action.explanation for verb, action in ACTIONS.items()}
    dangerous: ClassVar = {verb for verb, action in ACTIONS.items() if action.dangerous}
    operate_permission = "projections.operate_projection"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ProjectionCheckpoint]":
        """All projections, those included that no worker has begun."""
        for projection in registered_projections():
            checkpoints.current(projection)
        queryset: QuerySet[ProjectionCheckpoint] = super().get_queryset(request)
        return queryset

    @display(description="status", label=BADGES)
    def status_badge(self, checkpoint: ProjectionCheckpoint) -> str:
        """The status, set off by colour."""
        status = _status(checkpoint)
        return status.status if status else checkpoint.status

    @display(description="lag (events)")
    def lag_events(self, checkpoint: ProjectionCheckpoint) -> str:
        """Events that wait, from the tables."""
        status = _status(checkpoint)
        return f"{status.lag.events:,}" if status else "no code"

    @display(description="lag (seconds)")
    def lag_seconds(self, checkpoint: ProjectionCheckpoint) -> str:
        """Age of the oldest event that waits, from the tables."""
        status = _status(checkpoint)
        return f"{status.lag.seconds:,.1f}" if status else "no code"

    @display(description="last error")
    def last_error(self, checkpoint: ProjectionCheckpoint) -> str:
        """The beginning of what the last attempt ended with."""
        return checkpoint.error[:80] or "-"

    @display(description="failed event")
    def failed_event_link(self, checkpoint: ProjectionCheckpoint) -> SafeString | str:
        """The event, leading to it."""
        if checkpoint.failed_position is None:
            return "-"
        try:
            url = row_url("events_domainevent", checkpoint.failed_position)
        except NoReverseMatch:
            return str(checkpoint.failed_event_id)
        return link(url, str(checkpoint.failed_event_id))

    def has_rebuild_permission(self, request: HttpRequest) -> bool:
        """Whether the operator may rebuild, swap and roll back."""
        return request.user.has_perm("projections.rebuild_projection")

    def act_on_selection(
        self, request: HttpRequest, queryset: "QuerySet[ProjectionCheckpoint]", verb: str, reason: str
    ) -> None:
        """Do to the selected projections what the verb says."""
        for checkpoint in queryset:
            try:
                done = _operate(verb, projection_named(checkpoint.name), actor=actor_of(request), reason=reason)
            except (UnknownProjection, RebuildRefused) as error:
                self.message_user(request, f"{error}.", messages.ERROR)
            else:
                self.audit(request, [checkpoint], f"{verb.capitalize()}: {reason}")
                self.message_user(request, f"{checkpoint.name} {done}.", messages.SUCCESS)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The projection, with its last rebuild, which is looked at again every second while it goes on."""
        name = unquote(object_id)
        found = records.latest_rebuild(name) if is_storable(name) else None
        shown = {"rebuild": records.rebuild_status(found), "is_open": found.state in found.OPEN} if found else {}
        response: HttpResponse = super().change_view(request, object_id, form_url, (extra_context or {}) | shown)
        return response


VERBS: dict[str, tuple[Callable[[Projection], None], str]] = {
    "pause": (checkpoints.pause, "is paused"),
    "resume": (checkpoints.resume, "goes on"),
}


def _operate(verb: str, projection: Projection, *, actor: str, reason: str) -> str:
    """Do it; what has become of the projection, in words."""
    if verb in VERBS:
        act, done = VERBS[verb]
        act(projection)
        log.info("projection operated", actor=actor, verb=verb, name=projection.name, reason=reason)
        return done
    action = ACTIONS[verb]
    status = operate(verb, projection, action.arguments(), actor=actor, reason=reason)
    return f"has a rebuild that is {status.state.replace('_', ' ')}"


def _status(checkpoint: ProjectionCheckpoint) -> ProjectionStatus | None:
    try:
        return projection_status(projection_named(checkpoint.name), checkpoint)
    except UnknownProjection:
        return None
