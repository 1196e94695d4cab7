"""Admin of projections: how far each is, what it failed at, and how it is paused, resumed and rebuilt."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from kit.admin.display import link
from kit.admin.pages import row_url
from kit.admin.read_only import ReadOnlyAdmin
from projections import checkpoints
from projections.exceptions import UnknownProjection
from projections.lag import ProjectionStatus, projection_status
from projections.models import ProjectionCheckpoint
from projections.projection import projection_named, registered_projections
from projections.rebuild import rebuild

BADGES = {"running": "success", "paused": "warning", "failed": "danger", "outdated": "danger"}


@admin.register(ProjectionCheckpoint)
class ProjectionAdmin(ReadOnlyAdmin):
    """Projections: how far they are, what holds them, and the verbs to control them."""

    list_display = ("name", "status_badge", "position", "lag_events", "lag_seconds", "last_error", "updated_at")
    list_before_template = "admin/projections/legend.html"
    fieldsets = (
        ("How far it is", {"fields": ("name", "status_badge", "position", "lag_events", "lag_seconds", "updated_at")}),
        ("What it failed at", {"fields": ("failed_event_link", "failed_position", "error", "attempts", "retry_at")}),
        ("Code", {"fields": ("version",)}),
    )
    actions = ("pause_projections", "resume_projections", "rebuild_projections")
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
        """Whether the operator may empty and refill."""
        return request.user.has_perm("projections.rebuild_projection")

    @action(description="Pause", permissions=["operate"])
    def pause_projections(self, request: HttpRequest, queryset: "QuerySet[ProjectionCheckpoint]") -> None:
        """Hold them where they are."""
        self._act_on(request, queryset, checkpoints.pause, "is paused")

    @action(description="Resume, or try a failed event again now", permissions=["operate"])
    def resume_projections(self, request: HttpRequest, queryset: "QuerySet[ProjectionCheckpoint]") -> None:
        """Let them go on at once."""
        self._act_on(request, queryset, checkpoints.resume, "goes on")

    @action(description="Rebuild: empty the tables and fill them again", permissions=["rebuild"])
    def rebuild_projections(self, request: HttpRequest, queryset: "QuerySet[ProjectionCheckpoint]") -> None:
        """Empty and refill them; readers see it."""
        self._act_on(request, queryset, rebuild, "is empty and refills")

    def _act_on(self, request: HttpRequest, queryset: "QuerySet[ProjectionCheckpoint]", act: Any, done: str) -> None:
        for checkpoint in queryset:
            try:
                act(projection_named(checkpoint.name))
            except UnknownProjection as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{checkpoint.name} {done}.", messages.SUCCESS)


def _status(checkpoint: ProjectionCheckpoint) -> ProjectionStatus | None:
    try:
        return projection_status(projection_named(checkpoint.name), checkpoint)
    except UnknownProjection:
        return None
