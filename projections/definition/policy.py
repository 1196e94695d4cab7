"""Projection policy: what becomes of an event that fails, how often the log is looked at, which write wins. Pure."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from kit.pacing.retry import RetryPolicy


class OnError(StrEnum):
    """What the engine does when an event has failed for good."""

    PAUSE = "pause"
    """It waits before the event, and tries it again without an end: for tables that must not miss anything."""
    PARK = "park"
    """It parks the event's aggregate, whose later events wait with it until an operator releases it, and goes on with
    all others: for tables in which no aggregate depends on another."""
    SKIP = "skip"
    """It leaves the event out, keeps a record of that, and goes on: for tables that may be a little wrong."""


class ConflictResolution(StrEnum):
    """Which of two writes to a row stands, when events come to a table that has seen later ones; see `unapplied`."""

    LAST_WRITE_WINS = "last write wins"
    """The one that was applied last."""
    VERSION_WINS = "version wins"
    """The one of the aggregate's higher version."""


class Mode(StrEnum):
    """When events get into the tables."""

    ASYNCHRONOUS = "asynchronous"
    """After the commit, by a worker."""
    INLINE = "inline"
    """In the transaction that appends them, which fails where the projection does; for `per_aggregate` ones only. What
    comes any other way, or before an earlier event of its aggregate is in the tables, is a worker's."""


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a projection is kept. The setting NOVA_PROJECTIONS can say each of these otherwise, by projection."""

    mode: Mode = Mode.ASYNCHRONOUS
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """How many workers may be at it at the same time, each at a part of the log by hash of the aggregate; more than one
    for `per_aggregate` projections that are asynchronous only."""
    on_error: OnError = OnError.PAUSE
    max_parked: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """Most aggregates parked at a time; the next that fails pauses the projection, as `pause` would."""
    retries: Annotated[int, Meta(ge=0, le=100)] = 3
    """How often an event is tried again before it is parked or skipped."""
    retry_base: Annotated[float, Meta(ge=0.01, le=3_600)] = 1.0
    """Seconds before the first retry; doubles with each further one."""
    retry_cap: Annotated[float, Meta(ge=0.01, le=86_400)] = 300.0
    """Most seconds before any retry."""
    sync_interval: Annotated[float, Meta(ge=0.005, le=5)] = 0.1
    """Most seconds between two looks at the log while no wake-up can be heard of it."""
    conflicts: ConflictResolution = ConflictResolution.LAST_WRITE_WINS

    def retry_delay(self, attempts: int) -> float:
        """Seconds before an event is tried again that has failed so often, from 1."""
        return RetryPolicy(limit=self.retries, base=self.retry_base, cap=self.retry_cap).delay(attempts, chance=1.0)

    def after_failure(self, attempts: int, *, parked: int) -> OnError:
        """What is done about an event that has failed so often, while so many aggregates are parked."""
        if attempts <= self.retries or (self.on_error is OnError.PARK and parked >= self.max_parked):
            return OnError.PAUSE
        return self.on_error
