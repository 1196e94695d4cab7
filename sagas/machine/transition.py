"""Transition: an instance after an input, and what has to happen together with it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from sagas.machine.instance import Instance, StepStatus


class Purpose(StrEnum):
    """What a timer is for."""

    DEADLINE = "deadline"
    RETRY = "retry"
    UNDO_DEADLINE = "undo_deadline"
    UNDO_RETRY = "undo_retry"


class Timer(Struct, frozen=True, kw_only=True, gc=False):
    """When a step is to be looked at again. A step has one timer at most: a new one takes the place of the old."""

    step: str
    purpose: Purpose
    attempt: int
    """The attempt that it belongs to: what is set for another one does nothing."""
    due: datetime


class Sent(Struct, frozen=True, kw_only=True, gc=False):
    """A request that goes out."""

    request_id: UUID
    step: str
    payload: Struct
    undo: bool = False
    """Whether it undoes the step."""


class StepChange(Struct, frozen=True, kw_only=True, gc=False):
    """What has become of a step, for the history."""

    step: str
    status: StepStatus
    attempt: int
    reason: str = ""


class Transition(Struct, frozen=True, kw_only=True, gc=False):
    """What an input leads to. Instance, requests and timers are stored together, or not at all."""

    instance: Instance
    sent: tuple[Sent, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancelled: frozenset[str] = frozenset()
    """Steps whose timers are of no use any more."""
    changes: tuple[StepChange, ...] = ()
    ignored: str = ""
    """Why the input led to nothing, where it did."""
