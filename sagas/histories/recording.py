"""Recording: the history of an instance from the tables and the log, so that definitions can be replayed against it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from events.api import FieldDifference, RecordedEvent, get_events_by_id
from sagas.definition.registry import sagas
from sagas.exceptions import CannotRecord, SagaNotFound
from sagas.histories.history import (
    Asked,
    Came,
    CameEvent,
    CameTimer,
    Entry,
    History,
    Outcome,
    event_that_came,
    plain,
    verb_that_came,
)
from sagas.histories.replay import first_difference
from sagas.machine.instance import Arrival, Status
from sagas.machine.transition import Purpose, StepChange
from sagas.models import SagaState, SagaTransition


def record(saga_id: UUID) -> History:
    """The history of an instance.

    Raises `SagaNotFound`, `UnknownSaga` and `UnknownShape`, and `CannotRecord` for one that was migrated, of which an
    event is not to be found, or that its own definition would not lead to again.
    """
    state = SagaState.objects.filter(pk=saga_id).first()
    if state is None:
        raise SagaNotFound(saga_id)
    saga = sagas.of_shape(state.saga_type, state.shape)
    rows = list(SagaTransition.objects.filter(saga_id=saga_id).order_by("number"))
    if any(row.cause == "operator" and row.cause_type == "migrate" for row in rows):
        raise CannotRecord("it was migrated: no one definition has led to its history")
    log = _events_of(rows)
    history = History(saga=saga.name, shape=state.shape, key=state.key, entries=tuple(_entry(row, log) for row in rows))
    if difference := first_difference(saga, history):
        raise CannotRecord(
            f"its definition would not lead to it again: {difference}\n"
            "A function of it was changed, or depends on more than its arguments."
        )
    return history


def _events_of(rows: Iterable[SagaTransition]) -> Mapping[UUID, RecordedEvent]:
    ids = {row.cause_id for row in rows if row.cause_id}
    ids |= {UUID(request["event_id"]) for row in rows for request in row.requests}
    return {event.event_id: event for event in get_events_by_id(ids)}


def _entry(row: SagaTransition, log: Mapping[UUID, RecordedEvent]) -> Entry:
    outcome = Outcome(
        status=Status(row.status),
        steps=msgspec.convert(row.steps, tuple[StepChange, ...]),
        changes=msgspec.convert(row.changes, tuple[FieldDifference, ...]),
        requests=tuple(_asked(request, log) for request in row.requests),
    )
    return Entry(at=row.at, came=_came(row, outcome, log), led_to=outcome)


def _came(row: SagaTransition, outcome: Outcome, log: Mapping[UUID, RecordedEvent]) -> Came:
    match row.cause:
        case "timer":
            purpose, _, step = row.cause_type.partition(" of ")
            return CameTimer(step=step, purpose=Purpose(purpose))
        case "operator":
            return verb_that_came(row.cause_type, outcome, reason=row.reason)
        case _:
            return _event_of(row, log)


def _event_of(row: SagaTransition, log: Mapping[UUID, RecordedEvent]) -> CameEvent:
    event = log.get(row.cause_id) if row.cause_id else None
    if event is not None:
        return event_that_came(Arrival(event_id=event.event_id, payload=event.payload, causation_id=event.causation_id))
    if row.cause_event is None:
        raise CannotRecord(
            f"transition {row.number}: {row.cause_type} {row.cause_id} is not in the log of this database"
        )
    return msgspec.convert(row.cause_event, CameEvent)


def _asked(request: Mapping[str, Any], log: Mapping[UUID, RecordedEvent]) -> Asked:
    event_id = UUID(request["event_id"])
    return Asked(
        event_id=event_id,
        step=request["step"],
        event_type=request["event_type"],
        payload=plain(log[event_id].payload),
    )
