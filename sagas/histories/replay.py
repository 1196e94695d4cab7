"""Replay: a recorded history goes through the machine again, and the first transition that comes out otherwise is told.

Pure. Each input comes when it came, whatever the present deadlines are: timers that are set keep their time, so a
deadline that changed breaks no instance. One that is not set any more does.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from events.api import FieldDifference, InvalidEvent, decode_payload
from sagas.definition.saga import Saga
from sagas.definition.shape import shape_of
from sagas.exceptions import VerbRefused
from sagas.histories.history import CameEvent, CameTimer, CameVerb, Entry, History, Outcome, outcome_of
from sagas.machine import operator
from sagas.machine.instance import Arrival, Instance, unstarted
from sagas.machine.machine import arrive, expire
from sagas.machine.transition import Timer, Transition


class Difference(Struct, frozen=True, kw_only=True):
    """The first transition of a history that would be another one."""

    number: int
    """From 1."""
    came: str
    """What led to it."""
    what: str
    """The part in which they differ: `status`, `steps`, `changes`, `requests`, or `outcome` where none would come."""
    was: str
    would_be: str

    def __str__(self) -> str:
        return (
            f"transition {self.number} ({self.came}): its {self.what} would be another\n"
            f"  was:      {self.was}\n  would be: {self.would_be}"
        )


class _Impossible(Exception):
    """What came could not come any more, or not be worked on."""


def first_difference(saga: Saga, history: History) -> Difference | None:
    """What would become otherwise with this definition; None where all would be as it was."""
    outcomes = replay(saga, history)
    for number, entry in enumerate(history.entries, start=1):
        try:
            outcome = next(outcomes)
        except _Impossible as impossible:
            return _difference(number, entry, "outcome", _text(entry.led_to), str(impossible))
        if outcome.ignored:
            return _difference(number, entry, "outcome", _text(entry.led_to), f"nothing, for {outcome.ignored}")
        for what in Outcome.__struct_fields__:
            # As texts: what was read from a file has lists for tuples.
            was, would_be = _text(getattr(entry.led_to, what)), _text(getattr(outcome, what))
            if was != would_be:
                return _difference(number, entry, what, was, would_be)
    return None


def replayed(saga: Saga, history: History) -> History | None:
    """The history as it would be with this definition; None where something in it could not come any more."""
    try:
        entries = [
            structs.replace(entry, led_to=outcome)
            for entry, outcome in zip(history.entries, replay(saga, history), strict=True)
        ]
    except _Impossible:
        return None
    return structs.replace(history, shape=shape_of(saga), entries=tuple(entries))


def replay(saga: Saga, history: History) -> Iterator[Outcome]:
    """What each input would lead to."""
    instance = unstarted(saga.name, history.key, shape=shape_of(saga))
    timers: dict[str, Timer] = {}
    for entry in history.entries:
        try:
            transition = _transition(saga, instance, timers, entry)
        except VerbRefused as refused:
            raise _Impossible(f"nothing: the operator {refused}") from refused
        except InvalidEvent as error:
            raise _Impossible(f"nothing: the event cannot be read any more: {error}") from error
        except Exception as error:
            # A definition's functions are anybody's.
            raise _Impossible(f"{type(error).__name__}: {error}") from error
        for step in transition.cancelled:
            timers.pop(step, None)
        timers |= {timer.step: timer for timer in transition.timers}
        yield outcome_of(instance, transition)
        instance = transition.instance


def _transition(saga: Saga, instance: Instance, timers: dict[str, Timer], entry: Entry) -> Transition:
    match entry.came:
        case CameEvent() as came:
            body = msgspec.json.encode(came.payload)
            payload = decode_payload(came.event_type, came.schema_version, body)
            arrival = Arrival(event_id=came.event_id, payload=payload, causation_id=came.causation_id)
            return arrive(saga, instance, arrival, now=entry.at)
        case CameTimer(step=step, purpose=purpose):
            timer = timers.pop(step, None)
            is_set = timer is not None and timer.purpose == purpose
            transition = expire(saga, instance, timer, now=entry.at) if timer and is_set else None
            # One that was set for what is over leads to nothing, and the engine takes it away.
            return transition if transition and not transition.ignored else Transition(instance=instance)
        case CameVerb() as came:
            return _act(saga, instance, came, now=entry.at)


def _act(saga: Saga, instance: Instance, came: CameVerb, *, now: datetime) -> Transition:
    match came.verb:
        case "retry":
            return operator.retry(saga, instance, came.step, now=now)
        case "skip":
            return operator.skip(saga, instance, came.step, now=now)
        case "edit":
            return operator.edit(saga, instance, edited(saga, instance.data, came.changes), now=now)
        case "compensate":
            return operator.force_compensation(saga, instance, came.reason, now=now)
        case "resume":
            return operator.resume(saga, instance, now=now)
        case "cancel":
            return operator.cancel(saga, instance, came.reason, now=now)
        case _:
            raise VerbRefused(came.verb, "there is no such verb")


def edited(saga: Saga, data: Struct | None, changes: tuple[FieldDifference, ...]) -> Struct:
    """The data after an operator has changed them."""
    whole = {"": msgspec.to_builtins(data)}
    for change in changes:
        # The pointer's first token is empty: that of the whole.
        *path, name = [token.replace("~1", "/").replace("~0", "~") for token in change.pointer.split("/")]
        place: Any = whole
        for token in path:
            place = place[token]
        if change.change == "removed":
            del place[name]
        else:
            place[name] = change.new
    new: Struct = msgspec.convert(whole[""], saga.data)
    return new


def _difference(number: int, entry: Entry, what: str, was: str, would_be: str) -> Difference:
    return Difference(number=number, came=str(entry.came), what=what, was=was, would_be=would_be)


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
