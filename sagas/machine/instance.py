"""Saga instance: how far one process has come, as one immutable value."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from msgspec import Struct

if TYPE_CHECKING:
    Data = Struct
else:
    # Each definition has a class of its own, and msgspec knows no type for any struct.
    Data = Any

NAMESPACE = UUID("5a6a11fe-9d3c-4c0e-8d6b-6e0f5a3b1c77")


class Status(StrEnum):
    """Where an instance stands as a whole."""

    UNSTARTED = "unstarted"
    """Replies have come, and what would begin it has not: they wait."""
    RUNNING = "running"
    """Somebody is asked for something."""
    WAITING = "waiting"
    """Nobody is asked; an event from outside is waited for."""
    COMPENSATING = "compensating"
    """It has failed, and what was done is being undone."""
    COMPENSATED = "compensated"
    """Nothing of it is left. An end."""
    COMPLETED = "completed"
    """All is done. An end."""
    FAILED = "failed"
    """Somebody has given it up as it was. An end."""
    COMPENSATION_FAILED = "compensation_failed"
    """Something cannot be undone without an operator."""
    AWAITING_OPERATOR = "awaiting_operator"
    """Something cannot be done without an operator, and can no longer be undone."""

    @property
    def is_end(self) -> bool:
        """Whether nothing will happen any more."""
        return self in (Status.COMPENSATED, Status.COMPLETED, Status.FAILED)

    @property
    def is_stuck(self) -> bool:
        """Whether only an operator can help."""
        return self in (Status.COMPENSATION_FAILED, Status.AWAITING_OPERATOR)


class StepStatus(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    """A reply is waited for."""
    RETRYING = "retrying"
    """It has failed and is tried again later."""
    DONE = "done"
    SKIPPED = "skipped"
    """It was not needed, or an operator has decided so."""
    REFUSED = "refused"
    """It has not been done, and nothing of it is left."""
    UNCERTAIN = "uncertain"
    """It was given up without a word of what has become of it."""
    COMPENSATING = "compensating"
    """It is being undone."""
    UNDO_RETRYING = "undo_retrying"
    """Undoing it has failed and is tried again later."""
    COMPENSATED = "compensated"
    UNDO_FAILED = "undo_failed"
    """It cannot be undone without an operator."""
    LEFT = "left"
    """An operator has decided to leave its effect as it is."""


# Tuples: whether an enum's member is in one is told by identity, where a set would call its hash, which is Python's.
OPEN = (StepStatus.RUNNING, StepStatus.RETRYING)
PASSED = (StepStatus.DONE, StepStatus.SKIPPED)
LOST = (StepStatus.REFUSED, StepStatus.UNCERTAIN)
UNDOING = (StepStatus.COMPENSATING, StepStatus.UNDO_RETRYING, StepStatus.UNDO_FAILED)


class StepState(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where a step stands, and how often it was tried."""

    status: StepStatus = StepStatus.PENDING
    attempt: int = 0
    """Of the request, from 1; 0 before the first."""
    undo: int = 0
    """Attempts of the compensation."""
    unanswered: tuple[int, ...] = ()
    """Attempts whose deadline has passed without a reply: each may have its effect, or have it later."""
    reason: str = ""
    """Why it failed last."""
    since: datetime | None = None
    """Since when it stands there (UTC)."""


class Arrival(Struct, frozen=True, kw_only=True, gc=False):
    """An event for an instance."""

    event_id: UUID
    payload: Data
    """An instance of its registered class."""
    causation_id: UUID | None = None
    """What caused it: the request that it answers, where it does."""
    correlation_id: UUID | None = None
    """The conversation that it belongs to."""


class Instance(Struct, frozen=True, kw_only=True, gc=False):
    """One process, as it is now."""

    saga_id: UUID
    saga: str
    """The definition's name."""
    key: str
    shape: str
    """Of the definition that it began with."""
    status: Status = Status.UNSTARTED
    data: Data | None = None
    """None before it has begun."""
    steps: dict[str, StepState] = {}
    """By name; those that are missing are pending."""
    parked: tuple[Arrival, ...] = ()
    """Replies that came before they were waited for, in their order."""
    correlation_id: UUID | None = None
    """The conversation that it began in, in which all of its requests go out."""
    started_at: datetime | None = None
    """When it began."""
    failure: str = ""
    """Why it has failed; while it says something, the way leads back."""
    version: int = 0
    """Transitions that it has made."""

    def step(self, name: str) -> StepState:
        """The state of a step."""
        return self.steps.get(name, PENDING)


PENDING = StepState()
"""Of a step that has not begun."""


def saga_id_of(saga: str, key: str) -> UUID:
    """The id of the instance: there is one of each key."""
    return uuid5(NAMESPACE, f"{saga}/{key}")


def unstarted(saga: str, key: str, *, shape: str) -> Instance:
    """An instance that nothing is known of."""
    return Instance(saga_id=saga_id_of(saga, key), saga=saga, key=key, shape=shape)


def request_id(saga_id: UUID, step: str, attempt: int, *, undo: bool) -> UUID:
    """The id of a request: the same however often it is sent."""
    return uuid5(saga_id, f"{step}:{'undo' if undo else 'do'}:{attempt}")
