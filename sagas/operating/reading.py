"""Reading instances: lists and details for people, from the tables alone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, QuerySet, Value, When
from msgspec import Struct

from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.exceptions import SagaNotFound, UnknownSaga, UnknownShape
from sagas.machine.instance import LOST, OPEN, UNDOING, Status, StepStatus
from sagas.models import SagaState, SagaTimer, SagaTransition
from sagas.operating.selection import ENDS, STUCK


class StepView(Struct, frozen=True, kw_only=True):
    """A step of an instance."""

    name: str
    kind: str
    status: str
    attempt: int
    compensation_attempt: int
    reason: str
    since: datetime | None
    due_at: datetime | None
    """When it is looked at again without an event: its deadline, or its next attempt."""


class SagaView(Struct, frozen=True, kw_only=True):
    """An instance in a list."""

    saga_id: UUID
    saga: str
    key: str
    status: str
    current_step: str
    version: int
    correlation_id: UUID | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    error: str | None


class TransitionView(Struct, frozen=True, kw_only=True):
    """A transition of an instance: what caused it, what it changed, what went out."""

    number: int
    at: datetime
    cause: str
    cause_id: UUID | None
    cause_type: str
    status: str
    steps: list[Any]
    changes: list[Any]
    requests: list[Any]
    actor: str
    reason: str


class SagaDetail(SagaView, frozen=True, kw_only=True):
    """An instance with all that is known of it."""

    waits_for: str
    """What it waits for, since when, and what would release it; empty at an end."""
    data: Any
    steps: list[StepView]
    transitions: list[TransitionView]
    """The newest last; at most 1 000 of them."""


MAX_TRANSITIONS = 1_000


# Those first that wait for an operator, then those that run, then the ends.
URGENCY = Case(
    When(status__in=STUCK, then=Value(0)),
    When(status__in=ENDS, then=Value(2)),
    default=Value(1),
    output_field=IntegerField(),
)


def stuck_first(rows: "QuerySet[SagaState]") -> "QuerySet[SagaState]":
    """Those first that wait for an operator, then those that run, the longest unmoved first, then the ends."""
    return rows.order_by(URGENCY.asc(), "updated_at", "saga_id")


def saga_view(row: SagaState) -> SagaView:
    """A row as a list shows it."""
    return SagaView(**_common(row))


def saga_detail(saga_id: UUID) -> SagaDetail:
    """All that is known of an instance. Raises `SagaNotFound`."""
    row = SagaState.objects.filter(pk=saga_id).first()
    if row is None:
        raise SagaNotFound(saga_id)
    return detail_of(row)


def detail_of(row: SagaState) -> SagaDetail:
    """All that is known of the instance of a row."""
    newest = SagaTransition.objects.filter(saga_id=row.saga_id).order_by("-number")[:MAX_TRANSITIONS]
    steps = _steps(row)
    return SagaDetail(
        **_common(row),
        waits_for=_waits_for(row, steps),
        data=row.state.get("data"),
        steps=steps,
        transitions=[_transition_view(one) for one in reversed(newest)],
    )


def definition_of(row: SagaState) -> Saga | None:
    """The definition that the instance runs on; None where this code has none."""
    try:
        if row.status == Status.UNSTARTED:
            return sagas.named(row.saga_type)
        return sagas.of_shape(row.saga_type, row.shape)
    except (UnknownSaga, UnknownShape):
        return None


def _common(row: SagaState) -> dict[str, Any]:
    return {
        "saga_id": row.saga_id,
        "saga": row.saga_type,
        "key": row.key,
        "status": row.status,
        "current_step": row.current_step,
        "version": row.version,
        "correlation_id": row.correlation_id,
        "started_at": row.started_at,
        "updated_at": row.updated_at,
        "ended_at": row.completed_at or row.failed_at,
        "error": row.error_message,
    }


def _steps(row: SagaState) -> list[StepView]:
    known: dict[str, Any] = row.state.get("steps", {})
    saga = definition_of(row)
    kinds = {step.name: str(step.kind) for step in saga.steps()} if saga else dict.fromkeys(known, "")
    due = dict(SagaTimer.objects.filter(saga_id=row.saga_id).values_list("step", "due_at"))
    return [
        StepView(
            name=name,
            kind=kind,
            status=known.get(name, {}).get("status", StepStatus.PENDING.value),
            attempt=known.get(name, {}).get("attempt", 0),
            compensation_attempt=known.get(name, {}).get("undo", 0),
            reason=known.get(name, {}).get("reason", ""),
            since=_time(known.get(name, {}).get("since")),
            due_at=due.get(name),
        )
        for name, kind in kinds.items()
    ]


def _waits_for(row: SagaState, steps: list[StepView]) -> str:
    if row.status in ENDS:
        return ""
    if definition_of(row) is None:
        return "the definition that it began with, which no code here has: register it as superseded, or migrate it"
    if row.status == Status.UNSTARTED:
        return f"the event that begins it, since {row.started_at:%Y-%m-%d %H:%M:%S} UTC"
    if row.status in STUCK:
        return f"an operator, since {row.updated_at:%Y-%m-%d %H:%M:%S} UTC{_trouble(row, steps)}"
    waiting = [_waits(step) for step in steps if StepStatus(step.status) in (*OPEN, *UNDOING)]
    return "; ".join(waiting)


def _trouble(row: SagaState, steps: list[StepView]) -> str:
    """What is wrong with an instance that is stuck, and what would release it."""
    is_undone = row.status == Status.COMPENSATION_FAILED
    wrong = [step for step in steps if step.status in ((StepStatus.UNDO_FAILED,) if is_undone else LOST)]
    what = ", ".join(f"{step.name} is {step.status.replace('_', ' ')}" for step in wrong)
    release = (
        "retry to undo it, or skip it, which leaves its effect; or resume all"
        if is_undone
        else "retry or skip the step, edit the data before, resume all, or compensate"
    )
    return f", because {what}: {release}" if what else f": {release}"


def _waits(step: StepView) -> str:
    what = {
        StepStatus.RUNNING: f"a reply to {step.name}",
        StepStatus.RETRYING: f"the next attempt of {step.name}",
        StepStatus.UNDO_RETRYING: f"the next attempt to undo {step.name}",
    }.get(StepStatus(step.status), f"a reply to undoing {step.name}")
    since = f" since {step.since:%Y-%m-%d %H:%M:%S}" if step.since else ""
    until = f", until {step.due_at:%Y-%m-%d %H:%M:%S} UTC" if step.due_at else ", without a deadline"
    return f"{what}{since}{until}"


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _transition_view(row: SagaTransition) -> TransitionView:
    return TransitionView(**{name: getattr(row, name) for name in TransitionView.__struct_fields__})
