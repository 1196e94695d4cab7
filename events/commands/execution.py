"""Command execution: load the aggregate, let it decide, append the events; a command takes effect once.

Optimistic by default: whoever was overtaken loads and decides again, after a while of random length. By choice one at
a time: an advisory lock, held to the end of the open transaction or of the command's own, keeps commands on one
aggregate apart in all processes. Either way the expected version guards the append; the lock only saves the repetition.

A command takes effect once, however often it is sent. The ids of its events derive from its own id, so that the store
knows a repetition, and says so when it refuses to append them a second time; and before a refusal by the aggregate's
rules reaches the caller, who may repeat a command *because* it took effect, its first answer is looked for. A fresh
command pays nothing for this. What was refused, or brought nothing about, left no trace and is decided anew.

It has more than 200 lines because optimistic and locked execution are one loop with two ways in.
"""

import random
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import msgspec
from django.db import transaction
from msgspec import Struct

from events.aggregates.aggregate import Aggregate, Issued, aggregates
from events.arguments import arguments
from events.commands.inline import effect_of
from events.conf import events_conf
from events.context import current_context
from events.envelope import Expected, NewEvent, RecordedEvent, StreamId
from events.exceptions import (
    CommandIdConflict,
    CommandRefused,
    EventIdConflict,
    EventNotFound,
    InvalidCommand,
    Unavailable,
    VersionConflict,
)
from events.identifiers import check_stream, uuid7
from events.sql.statements import statement
from events.state.loading import Loaded, load
from events.state.snapshot_requests import ask_for_snapshot
from events.state.snapshots import SnapshotPolicy
from events.store.append import append_events
from events.store.connection import live_cursor
from events.store.reading.queries import get_event, get_events
from kit.pacing.retry import RetryPolicy

OVERTAKEN = RetryPolicy(limit=19, base=0.005, cap=0.25)
"""For a command that was overtaken by others."""
LOCKS = 0x6E63_6D64
"""Namespace of the two-key advisory locks on aggregates."""
METADATA = "command"
"""Under which name an event's metadata tells of its command."""


class Executed(Struct, frozen=True, kw_only=True):
    """The answer to a command, the same for every repetition of it."""

    stream: StreamId
    command_id: UUID
    version: int
    """The aggregate's version after it."""
    event_ids: tuple[UUID, ...]
    positions: tuple[int, ...]
    payloads: tuple[Struct, ...]
    """What happened; nothing when all was so already."""
    replayed: bool = False
    """Whether it had taken effect before, and this is the first answer again."""


def execute(
    aggregate_id: str,
    command: Struct,
    *,
    command_id: UUID | None = None,
    expected_version: int | None = None,
    at: datetime | None = None,
    user_id: str | None = None,
    one_at_a_time: bool = False,
    retry: RetryPolicy = OVERTAKEN,
    using: str = "default",
) -> Executed:
    """Let an aggregate decide about a command, and append what it decided.

    Correlation, user and metadata come from the surrounding `event_context`; the events are caused by the command, and
    their metadata names what caused the command. In an open transaction everything becomes part of it, the lock of
    `one_at_a_time` included.

    Raises a `CommandRefused` when the aggregate's rules say no, which is an `AggregateNotFound` too where there is no
    such aggregate; `CommandIdConflict` when the id was used for another command, `VersionConflict` when the aggregate
    is not at the expected version, `UnreadableStream` when its events cannot be folded, and `Unavailable` when it was
    overtaken too often.
    """
    aggregate, name = aggregates.of(command)
    context = current_context()
    arguments.uuid("command_id", command_id)
    arguments.time("at", at)
    issued = Issued(
        aggregate_id=aggregate_id,
        command_id=command_id or uuid7(),
        at=(at or datetime.now(UTC)).astimezone(UTC),
        user_id=user_id if user_id is not None else context.user_id,
    )
    check_stream(StreamId(aggregate.name, aggregate_id))
    call = _Call(aggregate, name, command, issued, expected_version, using)
    with transaction.atomic(using=using) if one_at_a_time else nullcontext():
        if one_at_a_time:
            _lock_aggregate(call.stream, using)
        for attempt in range(1, retry.limit + 2):
            try:
                return call.run()
            except _Overtaken:
                if attempt <= retry.limit:
                    time.sleep(retry.delay(attempt, chance=random.random()))  # noqa: S311 - spreads, hides nothing
    raise Unavailable(f"overtaken {retry.limit + 1} times by others at {call.stream}; try again")


def event_id_of(command_id: UUID, number: int) -> UUID:
    """The id of a command's event with this number, from 0."""
    return uuid5(command_id, str(number))


class _Overtaken(Exception):
    """Somebody else appended between load and append."""


class _Call:
    """One command on its way."""

    def __init__(
        self,
        aggregate: Aggregate[Any],
        name: str,
        command: Struct,
        issued: Issued,
        expected_version: int | None,
        using: str,
    ) -> None:
        self.stream = StreamId(aggregate.name, issued.aggregate_id)
        self._aggregate = aggregate
        self._command = command
        self._issued = issued
        self._expected_version = expected_version
        self._using = using
        try:
            text = msgspec.json.encode([aggregate.name, issued.aggregate_id, name, command], order="sorted")
        except UnicodeEncodeError as error:
            raise InvalidCommand("half of a surrogate pair") from error
        self._about: dict[str, Any] = {"name": name, "hash": sha256(text).hexdigest()}
        if (cause := current_context().causation_id) is not None:
            self._about["causation_id"] = str(cause)

    def run(self) -> Executed:
        """One attempt."""
        loaded = load(self._aggregate, self._issued.aggregate_id, using=self._using)
        try:
            payloads = self._decide(loaded)
            if payloads:
                return self._append(loaded, payloads)
        except (CommandRefused, VersionConflict):
            # It may be the effect of this very command that speaks against it.
            if (first := self._first_answer()) is not None:
                return first
            raise
        return self._first_answer() or self._answer(loaded.version, (), (), ())

    def _decide(self, loaded: Loaded) -> list[Struct]:
        if self._expected_version is not None and self._expected_version != loaded.version:
            raise VersionConflict(self.stream, self._expected_version, loaded.version)
        return self._aggregate.decide(loaded.state, self._command, self._issued)

    def _append(self, loaded: Loaded, payloads: Sequence[Struct]) -> Executed:
        effect = effect_of(self.stream)
        try:
            with transaction.atomic(using=self._using) if effect else nullcontext():
                if effect:
                    effect(self.stream, payloads, self._using)
                appended = append_events(
                    self.stream,
                    loaded.version or Expected.NO_STREAM,
                    [self._event(number, payload) for number, payload in enumerate(payloads)],
                    using=self._using,
                )
                if effect and appended.replayed:
                    # What the first time has led to may have been overtaken since.
                    transaction.set_rollback(True, using=self._using)
        except VersionConflict as conflict:
            raise _Overtaken from conflict
        except EventIdConflict as conflict:
            first = self._first_answer()
            if first is None:
                raise CommandIdConflict(self._issued.command_id) from conflict
            return first
        if appended.replayed and (first := self._first_answer()) is not None:
            return first
        self._ask_for_snapshot(loaded, len(payloads))
        return self._answer(appended.version, appended.event_ids, appended.positions, tuple(payloads))

    def _ask_for_snapshot(self, loaded: Loaded, appended: int) -> None:
        """Ask a worker for a snapshot where one is due, after the commit; if that is lost, the next command asks."""
        policy = SnapshotPolicy(every=events_conf().snapshot_every)
        if policy.is_due(folded=loaded.folded + appended, load_seconds=loaded.seconds):

            def request() -> None:
                ask_for_snapshot(self.stream)

            transaction.on_commit(request, using=self._using, robust=True)

    def _event(self, number: int, payload: Struct) -> NewEvent:
        return NewEvent(
            payload=payload,
            event_id=event_id_of(self._issued.command_id, number),
            timestamp=self._issued.at,
            causation_id=self._issued.command_id,
            user_id=self._issued.user_id,
            metadata={METADATA: self._about},
        )

    def _first_answer(self) -> Executed | None:
        """The answer of the first time, or None. Raises `CommandIdConflict` when the first was another command."""
        try:
            first = get_event(event_id_of(self._issued.command_id, 0), using=self._using)
        except EventNotFound:
            return None
        about = first.metadata.get(METADATA)
        # Whoever may append may have taken the id, and say of it what they like.
        if not isinstance(about, dict) or about.get("hash") != self._about["hash"]:
            raise CommandIdConflict(self._issued.command_id)
        events = self._events_from(first)
        return self._answer(
            events[-1].version,
            tuple(event.event_id for event in events),
            tuple(event.position for event in events),
            tuple(event.payload for event in events),
            replayed=True,
        )

    def _events_from(self, first: RecordedEvent) -> list[RecordedEvent]:
        """The command's events: one append, so they stand side by side."""
        events = [first]
        while following := get_events(self.stream, events[-1].version + 1, limit=1, whole=True, using=self._using):
            if following[0].event_id != event_id_of(self._issued.command_id, len(events)):
                break
            events += following
        return events

    def _answer(
        self,
        version: int,
        event_ids: tuple[UUID, ...],
        positions: tuple[int, ...],
        payloads: tuple[Struct, ...],
        *,
        replayed: bool = False,
    ) -> Executed:
        return Executed(
            stream=self.stream,
            command_id=self._issued.command_id,
            version=version,
            event_ids=event_ids,
            positions=positions,
            payloads=payloads,
            replayed=replayed,
        )


def _lock_aggregate(stream: StreamId, using: str) -> None:
    with live_cursor(using) as cursor:
        cursor.execute(statement("lock_aggregate"), {"namespace": LOCKS, "stream": str(stream)})
