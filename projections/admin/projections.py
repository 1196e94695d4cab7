"""Admin of projections: how far each is, what it failed at, and how it is paused, resumed and rebuilt."""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

import msgspec
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from msgspec import Struct
from unfold.decorators import display
from unfold.enums import ActionVariant

from kit.actions import NoArguments
from kit.admin.display import indented, link, seconds, table
from kit.admin.operated import OperatedAdmin, row_action, selection_action
from kit.admin.pages import row_url
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog
from kit.arguments import is_storable
from projections.admin.forms import AggregateForm, EventForm, PositionForm, RebuildForm
from projections.definition.registry import projection_named, registered_projections
from projections.engine import checkpoints
from projections.engine.checkpoints import Status
from projections.engine.partitions import overall, partitions
from projections.exceptions import ProjectionError, UnknownProjection
from projections.models import ProjectionCheckpoint
from projections.operating import reading
from projections.operating.actions import ACTIONS, OPERATE, REBUILD, operate
from projections.operating.engine_verbs import OfAggregate, OfEvent, ToPosition
from projections.operating.reading import ProjectionStatus, projection_status
from projections.operating.rebuild_verbs import HowToRebuild
from projections.rebuilding import records

BADGES = {"running": "success", "paused": "warning", "failed": "danger", "outdated": "danger"}
FORMS: dict[type[Struct], type[ReasonForm]] = {
    NoArguments: ReasonForm,
    ToPosition: PositionForm,
    OfEvent: EventForm,
    OfAggregate: AggregateForm,
    HowToRebuild: RebuildForm,
}
"""What asks for a verb's arguments."""
REBUILDING = ("rebuild", "swap", "rollback", "drop", "cancel")
WHERE_IT_IS = ("name", "status_badge", "reached", "lag_events", "lag_seconds")
_PERMISSIONS = {OPERATE: "operate", REBUILD: "rebuild"}


def _verb(verb: str, *, variant: ActionVariant = ActionVariant.DEFAULT) -> Callable[..., HttpResponse]:
    """A button for a verb, whose dialog asks for its arguments and the reason; red where it cannot be taken back."""
    action = ACTIONS[verb]

    def act(model_admin: "ProjectionAdmin", request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return model_admin.operate(request, form, object_id, verb)

    # Unfold knows an action by the name of its method.
    act.__name__ = f"{verb}_projection"
    return row_action(
        description=action.label,
        url_path=verb,
        permissions=[_PERMISSIONS[action.permission]],
        variant=ActionVariant.DANGER if action.dangerous else variant,
        dialog=reason_dialog(action.label, action.explanation, form=FORMS[action.arguments]),
    )(act)


@admin.register(ProjectionCheckpoint)
class ProjectionAdmin(OperatedAdmin):
    """Projections: how far they are, what holds them, and the verbs to control them."""

    list_display = (*WHERE_IT_IS, "parked", "last_error", "updated_at")
    list_before_template = "admin/projections/legend.html"
    fieldsets = (
        ("How far it is", {"fields": (*WHERE_IT_IS, "updated_at", "is_inline", "partition_table")}),
        ("What it failed at", {"fields": ("failed_event_link", "failed_position", "error", "attempts", "retry_at")}),
        ("What it left behind", {"fields": ("parked_aggregates", "skipped_events")}),
        ("What operators did", {"fields": ("operations",)}),
        ("Code", {"fields": ("version",)}),
    )
    change_form_before_template = "admin/projections/rebuild.html"
    actions = tuple(f"{verb}_projections" for verb in ("pause", "resume", *REBUILDING))
    pause_projections = selection_action("pause", "Pause")
    resume_projections = selection_action("resume", "Resume, or try a failed event again now")
    rebuild_projections, swap_projections, rollback_projections, drop_projections, cancel_projections = (
        selection_action(verb, f"{ACTIONS[verb].label}: {ACTIONS[verb].explanation}", permission="rebuild")
        for verb in REBUILDING
    )
    actions_detail = tuple(f"{verb}_projection" for verb in ACTIONS)
    pause_projection = _verb("pause")
    resume_projection = _verb("resume", variant=ActionVariant.PRIMARY)
    skip_projection = _verb("skip")
    release_projection = _verb("release", variant=ActionVariant.PRIMARY)
    reset_projection = _verb("reset")
    rebuild_projection = _verb("rebuild")
    swap_projection = _verb("swap", variant=ActionVariant.PRIMARY)
    rollback_projection = _verb("rollback")
    drop_projection = _verb("drop")
    cancel_projection = _verb("cancel")
    verbs: ClassVar = {verb: action.explanation for verb, action in ACTIONS.items()}
    dangerous: ClassVar = {verb for verb, action in ACTIONS.items() if action.dangerous}
    operate_permission = OPERATE

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

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ProjectionCheckpoint | None:
        """The projection as it stands, whichever of its partitions that is to be read from."""
        found: ProjectionCheckpoint | None = super().get_object(request, object_id, from_field)
        return found and overall(found, partitions(found.name))

    @display(description="position")
    def reached(self, checkpoint: ProjectionCheckpoint) -> str:
        """How far it is, or the slowest of its partitions."""
        status = _status(checkpoint)
        return str(status.position if status else checkpoint.position)

    @display(description="partitions")
    def partition_table(self, checkpoint: ProjectionCheckpoint) -> SafeString | str:
        """Where several workers share it, how far each partition is."""
        rows = [
            (one.number, one.status, one.position, one.failed_event_id or "", one.error)
            for one in partitions(checkpoint.name)
        ]
        return table(("Number", "Status", "Position", "Failed event", "Error"), rows) if rows else "-"

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
        status = _status(checkpoint)
        return (status.error if status else checkpoint.error)[:80] or "-"

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

    @display(description="parked aggregates")
    def parked_aggregates(self, checkpoint: ProjectionCheckpoint) -> SafeString:
        """Those that wait, each at the event that failed, and which tables are without them."""
        rows = [
            (
                one.aggregate_type,
                one.aggregate_id,
                one.position,
                one.attempts,
                one.error,
                seconds(one.parked_at),
                one.place,
            )
            for one in reading.parked_aggregates(checkpoint.name)
        ]
        return table(("Type", "Id", "Position", "Attempts", "Error", "Since", "Tables"), rows)

    @display(description="skipped events")
    def skipped_events(self, checkpoint: ProjectionCheckpoint) -> SafeString:
        """The newest that were left out, and which tables are without them."""
        rows = [
            (
                one.position,
                one.event_id,
                one.error,
                one.actor or "policy",
                one.reason,
                seconds(one.skipped_at),
                one.place,
            )
            for one in reading.skipped_events(checkpoint.name)
        ]
        return table(("Position", "Event", "Error", "By", "Why", "At", "Tables"), rows)

    @display(description="operations")
    def operations(self, checkpoint: ProjectionCheckpoint) -> SafeString:
        """What operators did, in the console, over REST and at the command line."""
        rows = [
            (seconds(one.at), one.actor, one.verb, indented(one.arguments) if one.arguments else "", one.reason)
            for one in reading.operations(checkpoint.name)
        ]
        return table(("At", "Who", "What", "With", "Why"), rows)

    def has_rebuild_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whether the operator may rebuild, swap and roll back, and move checkpoints back."""
        return bool(request.user.has_perm(REBUILD))

    def possible_actions(self, row: ProjectionCheckpoint) -> Collection[str]:
        """Nothing is skipped where nothing failed, released where nothing is parked, or swapped without a rebuild."""
        status = _status(row)
        if status is None:
            return ()
        is_open, is_kept = records.open_rebuild(row.name) is not None, records.swapped_rebuild(row.name) is not None
        impossible = {
            "pause": row.status == Status.PAUSED,
            "resume": row.status == Status.RUNNING,
            "skip": row.failed_event_id is None,
            "release": not row.parked,
            "rebuild": is_open,
            "swap": not is_open,
            "cancel": not is_open,
            "rollback": is_open or not is_kept,
            "drop": not is_kept,
        }
        return tuple(f"{verb}_projection" for verb in ACTIONS if not impossible.get(verb))

    def operate(self, request: HttpRequest, form: ReasonForm, name: str, verb: str) -> HttpResponse:
        """Do what the form of a verb says, and go back to the projection."""
        action, fields = ACTIONS[verb], dict(form.cleaned_data)
        arguments = msgspec.convert(
            {name: fields[name] for name in action.arguments.__struct_fields__}, action.arguments
        )
        self._act(request, ProjectionCheckpoint.objects.get(pk=name), verb, arguments, fields["reason"])
        return self.back_to_row(name)

    def act_on_selection(
        self, request: HttpRequest, queryset: "QuerySet[ProjectionCheckpoint]", verb: str, reason: str
    ) -> None:
        """Do to the selected projections what the verb says, by its defaults."""
        for checkpoint in queryset:
            self._act(request, checkpoint, verb, ACTIONS[verb].arguments(), reason)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The projection, with its last rebuild, which is looked at again every second while it goes on."""
        name = unquote(object_id)
        found = records.latest_rebuild(name) if is_storable(name) else None
        shown = {"rebuild": records.rebuild_status(found), "is_open": found.state in found.OPEN} if found else {}
        response: HttpResponse = super().change_view(request, object_id, form_url, (extra_context or {}) | shown)
        return response

    def _act(
        self, request: HttpRequest, checkpoint: ProjectionCheckpoint, verb: str, arguments: Struct, reason: str
    ) -> None:
        try:
            outcome = operate(
                verb, projection_named(checkpoint.name), arguments, actor=actor_of(request), reason=reason
            )
        except ProjectionError as error:
            self.message_user(request, f"{error}.", messages.ERROR)
        else:
            self.audit(request, [checkpoint], f"{verb.capitalize()}: {reason}")
            self.message_user(request, f"{outcome}.", messages.SUCCESS)


def _status(checkpoint: ProjectionCheckpoint) -> ProjectionStatus | None:
    try:
        return projection_status(projection_named(checkpoint.name), checkpoint)
    except UnknownProjection:
        return None
