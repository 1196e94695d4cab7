"""Saga storage: instances from rows and back, with their history and their timers.

Who changes an instance locks its row first, and its timers afterwards: nobody waits for somebody who waits for him.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from msgspec import Raw, Struct

from events.api import decode_payload, encode_payload, payload_version, registry
from sagas.definition.registry import sagas
from sagas.definition.saga import Saga
from sagas.definition.shape import shape_of
from sagas.definition.states import StateMachine
from sagas.exceptions import SagaConflict
from sagas.machine.history import Made, data_changes
from sagas.machine.instance import PASSED, Arrival, Instance, Status, StepState, unstarted
from sagas.machine.states import present_state
from sagas.machine.transition import Purpose, Timer
from sagas.sql.statements import statement

Row = tuple[Any, ...]
"""An instance with the columns of sagas/sql/columns.py."""


class _Kept(Struct, frozen=True, kw_only=True):
    """An event that is kept here: parked, or the cause of a transition that the log does not have."""

    event_id: UUID
    event_type: str
    schema_version: int
    payload: Raw
    causation_id: UUID | None = None
    correlation_id: UUID | None = None


class _State(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the column `state` holds."""

    data: Raw = Raw(b"null")
    steps: dict[str, StepState] = {}
    parked: tuple[_Kept, ...] = ()
    failure: str = ""


_decoder = msgspec.json.Decoder(_State)


def lock(saga: Saga, keys: Collection[str]) -> dict[str, Instance]:
    """The instances of these keys, locked; those that there are not are made, and wait for their beginning."""
    found = _locked(saga, keys)
    if missing := sorted(set(keys) - found.keys()):
        made = [unstarted(saga.name, key, shape=shape_of(saga)) for key in missing]
        rows = [{"saga_id": one.saga_id, "saga_type": one.saga, "key": one.key, "shape": one.shape} for one in made]
        _execute("begin", instances=_json(rows))
        found |= _locked(saga, missing)
    return found


def lock_one(saga_id: UUID) -> Instance | None:
    """The instance of that id, locked; None where there is none. Raises `UnknownSaga` and `UnknownShape`."""
    rows = _execute("lock_of_id", saga_id=saga_id)
    return instance_of(rows[0]) if rows else None


def lock_whatever_definition(saga_id: UUID) -> Instance | None:
    """The instance of that id, locked, whether any code has its definition; its data are JSON's own types."""
    rows = _execute("lock_of_id", saga_id=saga_id)
    return _decoded(rows[0], shape=rows[0][3], data=dict[str, Any]) if rows else None


def lock_due(names: Sequence[str], *, now: datetime, limit: int) -> list[Row]:
    """Rows of instances with due timers that nobody else is at, locked; for `instance_of`."""
    rows = _execute("lock_due", saga_types=list(names), now=now, limit=limit)
    return list({row[0]: row for row in rows}.values())


def due_timers(saga_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, list[Timer]]:
    """The timers of these instances that are due, by instance."""
    found: dict[UUID, list[Timer]] = {}
    for saga_id, step, purpose, attempt, due_at in _execute("due_timers", saga_ids=list(saga_ids), now=now):
        timer = Timer(step=step, purpose=Purpose(purpose), attempt=attempt, due=due_at)
        found.setdefault(saga_id, []).append(timer)
    return found


def postpone(saga_id: UUID, *, until: datetime, error: str) -> None:
    """Look at the instance again later, and let people see why."""
    _execute("postpone_timers", saga_id=saga_id, until=until, error=error)


def forget(saga_ids: Sequence[UUID]) -> None:
    """Remove instances that have made no transition since they were made."""
    if saga_ids:
        _execute("forget", saga_ids=list(saga_ids))


def save(made: Sequence[Made]) -> None:
    """Store transitions, several of one instance in their order. Raises `SagaConflict` where one was changed since."""
    if not made:
        return
    first: dict[UUID, Made] = {}
    last: dict[UUID, Made] = {}
    timers: dict[tuple[UUID, str], Timer | None] = {}
    for one in made:
        saga_id = one.before.saga_id
        first.setdefault(saga_id, one)
        last[saga_id] = one
        for step in one.transition.cancelled:
            timers[saga_id, step] = None
        for timer in one.transition.timers:
            timers[saga_id, timer.step] = timer
    rows = _execute(
        "save",
        instances=_json([_row(first[saga_id].before.version, one) for saga_id, one in last.items()]),
        transitions=_json([_history(one) for one in made]),
        cancelled=_json([{"saga_id": saga_id, "step": step} for (saga_id, step), timer in timers.items() if not timer]),
        timers=_json([_timer(saga_id, timer) for (saga_id, _), timer in timers.items() if timer]),
    )
    if rows[0][0] != len(last):
        raise SagaConflict(f"{len(last) - rows[0][0]} instances were changed meanwhile")


def _locked(saga: Saga, keys: Iterable[str]) -> dict[str, Instance]:
    rows = _execute("lock_of_keys", saga_type=saga.name, keys=list(keys))
    instances = map(instance_of, rows)
    return {instance.key: instance for instance in instances}


def instance_of(row: Row) -> Instance:
    """The instance of a row. Raises `UnknownSaga` and `UnknownShape`."""
    _, name, _, shape, status, *_ = row
    saga = sagas.named(name) if status == Status.UNSTARTED else sagas.of_shape(name, shape)
    return _decoded(row, shape=shape_of(saga), data=saga.data)


def _decoded(row: Row, *, shape: str, data: Any) -> Instance:
    saga_id, name, key, _, status, version, started_at, correlation_id, text = row
    state = _decoder.decode(text)
    return Instance(
        saga_id=saga_id,
        saga=name,
        key=key,
        shape=shape,
        status=Status(status),
        data=_data_decoder(data).decode(state.data),
        steps=state.steps,
        parked=tuple(map(_arrival, state.parked)),
        correlation_id=correlation_id,
        # As text: it is read at a fifth of the cost.
        started_at=None if status == Status.UNSTARTED else datetime.fromisoformat(started_at),
        failure=state.failure,
        version=version,
    )


@cache
def _data_decoder(data: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(data | None)


def _arrival(parked: _Kept) -> Arrival:
    return Arrival(
        event_id=parked.event_id,
        payload=decode_payload(parked.event_type, parked.schema_version, bytes(parked.payload)),
        causation_id=parked.causation_id,
        correlation_id=parked.correlation_id,
    )


def _row(was: int, one: Made) -> Mapping[str, Any]:
    instance = one.transition.instance
    end = one.at if instance.status.is_end else None
    completed = instance.status is Status.COMPLETED
    return {
        "saga_id": instance.saga_id,
        "was": was,
        "version": instance.version,
        "shape": instance.shape,
        "status": instance.status,
        "current_step": current_step(one.saga, instance),
        "correlation_id": instance.correlation_id,
        "started_at": instance.started_at,
        "state": _column(instance),
        "at": one.at,
        "completed_at": end if completed else None,
        "failed_at": None if completed else end,
        "error_message": instance.failure or _trouble(instance) or None,
    }


def _column(instance: Instance) -> _State:
    return _State(
        data=Raw(msgspec.json.encode(instance.data)),
        steps=instance.steps,
        parked=tuple(_kept(arrival, encode_payload(arrival.payload)) for arrival in instance.parked),
        failure=instance.failure,
    )


def _external(arrival: Arrival) -> _Kept | None:
    text = msgspec.json.encode(arrival.payload)
    # What jsonb cannot hold is not kept; the instance goes on all the same.
    return None if b"\\u0000" in text else _kept(arrival, text)


def _kept(arrival: Arrival, payload: bytes) -> _Kept:
    return _Kept(
        event_id=arrival.event_id,
        event_type=registry.of(arrival.payload).name,
        schema_version=payload_version(arrival.payload),
        payload=Raw(payload),
        causation_id=arrival.causation_id,
        correlation_id=arrival.correlation_id,
    )


def current_step(saga: Saga, instance: Instance) -> str:
    """The first step that is not passed, or the present state; empty before the beginning, and at an end."""
    if instance.status is Status.UNSTARTED or instance.status.is_end:
        return ""
    if isinstance(saga, StateMachine):
        return present_state(instance)
    return next((step.name for step in saga.steps() if instance.step(step.name).status not in PASSED), "")


def _trouble(instance: Instance) -> str:
    """Why an instance that goes forward waits for an operator."""
    if not instance.status.is_stuck:
        return ""
    return "; ".join(f"{name}: {state.reason}" for name, state in instance.steps.items() if state.reason)


def _history(one: Made) -> Mapping[str, Any]:
    return {
        "saga_id": one.before.saga_id,
        "number": one.transition.instance.version,
        "at": one.at,
        "cause": one.cause.kind,
        "cause_id": one.cause.event_id,
        "cause_type": one.cause.type,
        "cause_event": _external(one.cause.event) if one.cause.event else None,
        "status": one.transition.instance.status,
        "steps": one.transition.changes,
        "changes": data_changes(one.before, one.transition.instance),
        "requests": [
            {"event_id": sent.request_id, "event_type": registry.of(sent.payload).name, "step": sent.step}
            for sent in one.transition.sent
        ],
        "actor": one.cause.actor,
        "reason": one.cause.reason,
    }


def _timer(saga_id: UUID, timer: Timer) -> Mapping[str, Any]:
    return {
        "saga_id": saga_id,
        "step": timer.step,
        "purpose": timer.purpose,
        "attempt": timer.attempt,
        "due_at": timer.due,
    }


def _json(rows: Sequence[Any]) -> str:
    return msgspec.json.encode(rows).decode()


def _execute(name: str, **parameters: Any) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return cursor.fetchall() if cursor.description else []
