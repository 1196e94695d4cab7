"""Recorded history: all that came to one instance, and what each of it led to, as a JSON file in the repository.

It is what a definition promises to those instances that run on it; see `sagas.histories.replay`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from events.api import FieldDifference, Untyped, payload_version, type_name
from sagas.machine.history import data_changes
from sagas.machine.instance import Arrival, Instance, Status
from sagas.machine.transition import Purpose, StepChange, Transition


class CameEvent(Struct, frozen=True, kw_only=True, tag="event", tag_field="cause"):
    """An event came."""

    event_id: UUID
    event_type: str
    schema_version: int
    payload: dict[str, Any]
    causation_id: UUID | None = None
    """What caused it: the request that it answers, where it does."""

    def __str__(self) -> str:
        return self.event_type


class CameTimer(Struct, frozen=True, kw_only=True, tag="timer", tag_field="cause"):
    """A timer fired. When it was due is not part of it: deadlines may change beneath an instance."""

    step: str
    purpose: Purpose

    def __str__(self) -> str:
        return f"{self.purpose} of {self.step}"


class CameVerb(Struct, frozen=True, kw_only=True, tag="operator", tag_field="cause", omit_defaults=True):
    """An operator did something; who it was is not kept."""

    verb: str
    step: str = ""
    """Of `retry` and `skip`."""
    reason: str = ""
    changes: tuple[FieldDifference, ...] = ()
    """What `edit` changed in the data."""

    def __str__(self) -> str:
        return f"{self.verb} by an operator"


Came = CameEvent | CameTimer | CameVerb
"""What led to a transition."""


class Asked(Struct, frozen=True, kw_only=True):
    """A request that went out."""

    event_id: UUID
    step: str
    event_type: str
    payload: dict[str, Any]


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an input led to."""

    status: Status
    """Where the instance stood afterwards."""
    steps: tuple[StepChange, ...] = ()
    changes: tuple[FieldDifference, ...] = ()
    """In its data."""
    requests: tuple[Asked, ...] = ()
    ignored: str = ""
    """Why an event would lead to nothing; of what is recorded, each has led to something."""


class Entry(Struct, frozen=True, kw_only=True):
    """A transition of the instance."""

    at: datetime
    came: Came
    led_to: Outcome


class History(Struct, frozen=True, kw_only=True):
    """The whole life of one instance, as far as it had come."""

    saga: str
    shape: str
    """Of the definition that it began with."""
    key: str
    entries: tuple[Entry, ...]


def event_that_came(arrival: Arrival) -> CameEvent:
    """An event as it is recorded."""
    return CameEvent(
        event_id=arrival.event_id,
        event_type=type_name(arrival.payload),
        schema_version=payload_version(arrival.payload),
        payload=plain(arrival.payload),
        causation_id=arrival.causation_id,
    )


def verb_that_came(verb: str, outcome: Outcome, *, reason: str) -> CameVerb:
    """What an operator did as it is recorded; what it was done with follows from what it led to."""
    return CameVerb(
        verb=verb,
        # The step that somebody names is the first that moves.
        step=outcome.steps[0].step if verb in {"retry", "skip"} else "",
        reason=reason,
        changes=outcome.changes if verb == "edit" else (),
    )


def outcome_of(before: Instance, transition: Transition) -> Outcome:
    """What an input led to, as it is recorded."""
    requests = [
        Asked(event_id=sent.request_id, step=sent.step, event_type=type_name(sent.payload), payload=plain(sent.payload))
        for sent in transition.sent
    ]
    return Outcome(
        status=transition.instance.status,
        steps=transition.changes,
        changes=tuple(data_changes(before, transition.instance)),
        requests=tuple(requests),
        ignored=transition.ignored,
    )


def plain(payload: Struct) -> dict[str, Any]:
    """A payload as JSON's own types."""
    data: dict[str, Any] = payload.data if isinstance(payload, Untyped) else msgspec.to_builtins(payload)
    return data


def text_of(history: History) -> str:
    """The file of a history."""
    return msgspec.json.format(msgspec.json.encode(history), indent=2).decode() + "\n"


def history_in(text: str) -> History:
    """The history of a file. Raises `msgspec.ValidationError` or `msgspec.DecodeError` for what is none."""
    return _DECODER.decode(text)


_DECODER = msgspec.json.Decoder(History)
