"""The store against a model: whatever several clients do, in whatever order, I1 to I4 hold; with a planted fault not.

Each client is a database alias, so that one thread has several real connections and runs Nova's own code on each. An
append that meets another client's open transaction would wait for it; a short lock timeout makes that an answer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from events.api import (
    Appended,
    EventIdConflict,
    Expected,
    NewEvent,
    RecordedEvent,
    StreamId,
    Unavailable,
    VersionConflict,
    append_events,
    append_only,
    get_events,
    last_position,
    load_stream,
    read_log,
    set_on_append,
    uuid7,
)
from events.sql.statements import statement
from events.store import append
from events.store.connection import live_cursor
from events.store.hooks import on_append
from events.store.reading.rows import recorded
from tests.support.database import without_append_guard
from tests.support.events import new_event, new_stream

CLIENTS = 4
STREAMS = 3
PAGE = 5
ALIASES = [f"client{number}" for number in range(CLIENTS)]

Batch = tuple[int, list[NewEvent]]


class Client:
    """A connection and what the model knows of its open transaction."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.open = False
        self.own: list[tuple[int, UUID]] = []
        self.savepoints: list[tuple[str, int]] = []

    def begin(self) -> None:
        if not self.open:
            transaction.set_autocommit(False, using=self.alias)
            self.open = True

    def end(self, finish: Callable[..., None]) -> list[tuple[int, UUID]]:
        if not self.open:
            return []
        finish(using=self.alias)
        transaction.set_autocommit(True, using=self.alias)
        return self._forget()

    def save(self) -> None:
        if self.open:
            self.savepoints.append((transaction.savepoint(using=self.alias), len(self.own)))

    def roll_back_to_savepoint(self) -> None:
        if self.savepoints:
            name, length = self.savepoints[-1]
            transaction.savepoint_rollback(name, using=self.alias)
            del self.own[length:]

    def kill(self) -> None:
        with connections[self.alias].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        connections[self.alias].close()
        self._forget()

    def _forget(self) -> list[tuple[int, UUID]]:
        own, self.own, self.savepoints, self.open = self.own, [], [], False
        return own


def follow_safely(cursor: int) -> tuple[list[RecordedEvent], int]:
    page = read_log(cursor, PAGE)
    return page.events, page.position


def follow_naively(cursor: int) -> tuple[list[RecordedEvent], int]:
    """A planted fault: everything after the cursor that can be seen."""
    parameters = {"after": cursor, "safe": 2**63 - 1, "max_count": PAGE, "event_types": None, "aggregate_type": None}
    with live_cursor() as database:
        whole = {"number": None, "of": None, "since": None, "until": None}
        rows = database.execute(statement("log_after"), parameters | whole).fetchall()
    seen = [recorded(row) for row in rows]
    return seen, seen[-1].position if seen else cursor


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How the log is followed and streams are loaded."""

    follow: Callable[[int], tuple[list[RecordedEvent], int]] = follow_safely
    load: Callable[..., Sequence[RecordedEvent]] = load_stream


class NeverInvalidated:
    """A planted fault: a cache that takes what it has kept for the stream."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, StreamId], Sequence[RecordedEvent]] = {}

    def __call__(self, stream: StreamId, *, using: str) -> Sequence[RecordedEvent]:
        events = self.kept.get((using, stream)) or load_stream(stream, using=using)
        self.kept[using, stream] = events
        return events


class KeepsUncommitted:
    """A planted fault: a cache that keeps what an open transaction has seen, and does not look whether it still is."""

    def __init__(self) -> None:
        self.kept: dict[StreamId, Sequence[RecordedEvent]] = {}

    def __call__(self, stream: StreamId, *, using: str) -> Sequence[RecordedEvent]:
        known = self.kept.get(stream, ())
        self.kept[stream] = events = [*known, *get_events(stream, len(known) + 1, using=using)]
        return events


class Store:
    """What clients do to the real store, checked against a dictionary."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.clients = [Client(alias) for alias in ALIASES]
        self.streams = [new_stream() for _ in range(STREAMS)]
        self.committed: dict[int, list[UUID]] = {number: [] for number in range(STREAMS)}
        self.batches: list[Batch] = []
        self.seen: list[RecordedEvent] = []
        self.cursor = self.begin = last_position()

    def append(self, client: Client, stream: int, expected: int, events: list[NewEvent]) -> None:
        name, ids = self.streams[stream], [event.event_id for event in events if event.event_id]
        visible = self._visible(client)
        taken = {event_id for own in visible.values() for event_id in own}
        others = [entry for other in self.clients if other is not client for entry in other.own]
        may_block = any(entry[0] == stream or entry[1] in ids for entry in others)
        repeats = ids == [i for i in visible[stream] if i in ids] and (stream, events) in self.batches
        version = len(visible[stream])
        outcome = self._try(client, name, expected, events)
        if isinstance(outcome, Unavailable):
            assert may_block
        elif taken & set(ids) and repeats:
            assert isinstance(outcome, Appended)
            assert outcome.replayed
            assert outcome.first_version == visible[stream].index(ids[0]) + 1
        elif taken & set(ids):
            assert isinstance(outcome, EventIdConflict)
        elif (expected >= 0 and expected != version) or (expected == Expected.STREAM_EXISTS and not version):
            assert isinstance(outcome, VersionConflict)
            assert (outcome.expected, outcome.actual) == (expected, version)
        else:
            assert isinstance(outcome, Appended)
            assert not outcome.replayed
            assert (outcome.first_version, outcome.version) == (version + 1, version + len(events))
            client.own += [(stream, event_id) for event_id in ids]
            if not client.open:
                self._record(client._forget())
        self.check(client)
        self.load(client, stream)

    def append_anew(self, client: Client, stream: int, expected: int, count: int) -> None:
        events = [new_event(event_id=uuid7()) for _ in range(count)]
        self.batches.append((stream, events))
        self.append(client, stream, expected, events)

    def commit(self, client: Client) -> None:
        self._record(client.end(transaction.commit))
        self.check(client)

    def open(self) -> list[Client]:
        return [client for client in self.clients if client.open]

    def closed(self) -> list[Client]:
        return [client for client in self.clients if not client.open]

    def catch_up(self) -> None:
        before = -1
        while before != self.cursor:
            before = self.cursor
            self.poll()

    def poll(self) -> None:
        events, self.cursor = self.reader.follow(self.cursor)
        self.seen += events
        for stream, number in zip(self.streams, range(STREAMS), strict=True):
            own = [event for event in self.seen if event.stream == stream]
            assert [event.version for event in own] == list(range(1, len(own) + 1))
            assert [event.event_id for event in own] == self.committed[number][: len(own)]

    def load(self, client: Client, stream: int) -> None:
        """A load through the cache is the stream, whatever was cached, committed or rolled back before."""
        events = self.reader.load(self.streams[stream], using=client.alias)
        assert [(event.version, event.event_id) for event in events] == list(
            enumerate(self._visible(client)[stream], 1)
        )

    def check(self, client: Client) -> None:
        """The client sees what the model says, version by version."""
        for number, ids in self._visible(client).items():
            events = get_events(self.streams[number], using=client.alias)
            assert [(event.version, event.event_id) for event in events] == list(enumerate(ids, 1))

    def finish(self) -> None:
        """When everybody has committed, the follower has seen everything, once."""
        for client in self.clients:
            self.commit(client)
        self.catch_up()
        assert len(self.seen) == sum(len(ids) for ids in self.committed.values())

    def abandon(self) -> None:
        for client in self.clients:
            client.end(transaction.rollback)

    def _record(self, entries: list[tuple[int, UUID]]) -> None:
        """What is committed stays, and wakes the follower, who takes one page."""
        for stream, event_id in entries:
            self.committed[stream].append(event_id)
        if entries:
            self.poll()

    def _visible(self, client: Client) -> dict[int, list[UUID]]:
        return {
            number: [*ids, *(event_id for stream, event_id in client.own if stream == number)]
            for number, ids in self.committed.items()
        }

    @staticmethod
    def _try(client: Client, stream: StreamId, expected: int, events: list[NewEvent]) -> Any:
        guard = transaction.savepoint(using=client.alias) if client.open else None
        try:
            return append_events(stream, expected, events, using=client.alias)
        except (VersionConflict, EventIdConflict) as refusal:
            return refusal
        except Unavailable as blocked:
            if guard:
                transaction.savepoint_rollback(guard, using=client.alias)
            return blocked


clients = st.integers(0, CLIENTS - 1)
streams = st.integers(0, STREAMS - 1)


def pick(some: Sequence[Client], number: int) -> Client:
    return some[number % len(some)]


def machine(reader: Reader) -> type[RuleBasedStateMachine]:
    """The rules, for a store that is followed in one way or another."""

    class StoreMachine(RuleBasedStateMachine):
        @initialize()
        def start(self) -> None:
            self.store = Store(reader)

        @precondition(lambda self: self.store.closed())
        @rule(client=clients, stream=st.none() | streams)
        def begin(self, client: int, stream: int | None) -> None:
            """A transaction that has appended at once, mostly: one that waits with it is of less interest."""
            beginner = pick(self.store.closed(), client)
            beginner.begin()
            if stream is not None:
                self.store.append_anew(beginner, stream, Expected.ANY, 1)

        @rule(
            client=clients,
            stream=streams,
            count=st.integers(1, 3),
            expected=st.sampled_from(["any", "right", "any", "right", "wrong", "none", "exists"]),
        )
        def append(self, client: int, stream: int, count: int, expected: str) -> None:
            version = len(self.store._visible(self.store.clients[client])[stream])
            numbers = {"any": -1, "right": version, "wrong": version + 1, "none": 0, "exists": -2}
            self.store.append_anew(self.store.clients[client], stream, numbers[expected], count)

        @rule(client=clients, choice=st.integers(0, 10**6), change=st.sampled_from(["same", "content", "mixed"]))
        def append_again(self, client: int, choice: int, change: str) -> None:
            if not self.store.batches:
                return
            stream, events = self.store.batches[choice % len(self.store.batches)]
            ids = {i for own in self.store._visible(self.store.clients[client]).values() for i in own}
            if change != "same" and events[0].event_id not in ids:
                return
            if change == "content":
                events = [new_event("other", event_id=events[0].event_id)]
            elif change == "mixed":
                events = [new_event(event_id=uuid7()), events[0]]
            self.store.append(self.store.clients[client], stream, Expected.ANY, events)

        @precondition(lambda self: self.store.open())
        @rule(client=clients)
        def savepoint(self, client: int) -> None:
            pick(self.store.open(), client).save()

        @precondition(lambda self: any(client.savepoints for client in self.store.clients))
        @rule(client=clients)
        def roll_back_to_savepoint(self, client: int) -> None:
            pick([other for other in self.store.clients if other.savepoints], client).roll_back_to_savepoint()

        @precondition(lambda self: self.store.open())
        @rule(client=clients)
        def commit(self, client: int) -> None:
            self.store.commit(pick(self.store.open(), client))

        @precondition(lambda self: self.store.open())
        @rule(client=clients, how=st.sampled_from(["roll back", "kill"]))
        def lose(self, client: int, how: str) -> None:
            loser = pick(self.store.open(), client)
            if how == "kill":
                loser.kill()
            else:
                loser.end(transaction.rollback)

        @rule(client=clients, stream=streams)
        def load(self, client: int, stream: int) -> None:
            self.store.load(self.store.clients[client], stream)

        @rule()
        def poll(self) -> None:
            self.store.catch_up()

        def teardown(self) -> None:
            if not hasattr(self, "store"):
                return
            try:
                self.store.finish()
            finally:
                self.store.abandon()

    return StoreMachine


def run(reader: Reader, *, examples: int) -> None:
    run_state_machine_as_test(
        machine(reader),
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )


@pytest.fixture(autouse=True)
def _connections(committed_db: None, redis_url: str) -> Iterator[None]:
    hook = on_append()
    set_on_append(append_only)
    with ExitStack() as stack:
        stack.callback(set_on_append, hook)
        for alias in ALIASES:
            options = connections.databases["default"]["OPTIONS"] | {"options": "-c lock_timeout=20ms"}
            connections.databases[alias] = connections.databases["default"] | {"OPTIONS": options}
            stack.callback(connections.databases.pop, alias)
            stack.callback(connections.__delitem__, alias)
            stack.callback(connections[alias].close)
        yield


@contextmanager
def planted(**parts: tuple[str, str]) -> Iterator[None]:
    """The appending statements with a part of each replaced. Raises `LookupError` when they have no such part."""
    faulty = {}
    for name, (before, after) in parts.items():
        if before not in statement(name):
            raise LookupError(f"{name}.sql has no {before!r}")
        faulty[name] = statement(name).replace(before, after)

    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        for built in (append._one, append._many):
            built.cache_clear()
            stack.callback(built.cache_clear)
        patch.setattr(append, "statement", lambda name: faulty.get(name) or statement(name))
        yield


def version_not_checked() -> AbstractContextManager[None]:
    return planted(
        append_one=("ELSE actual = %(expected)s::bigint", "ELSE true"),
        append_many=("ELSE x.actual <> x.expected END", "ELSE false END"),
    )


def batch_not_atomic() -> AbstractContextManager[None]:
    return planted(
        append_many=("    RETURNING event_id", "    ON CONFLICT (event_id) DO NOTHING\n    RETURNING event_id")
    )


def test_a_fault_that_cannot_be_planted_is_told() -> None:
    with pytest.raises(LookupError), planted(append_many=("no such text", "")):
        pass


@pytest.mark.parametrize("examples", [15, pytest.param(100, marks=pytest.mark.slow)])
def test_whatever_clients_do_the_store_is_as_the_model(examples: int) -> None:
    run(Reader(), examples=examples)


@pytest.mark.parametrize(
    ("plant", "reader"),
    [
        (ExitStack, lambda: Reader(follow=follow_naively)),
        (without_append_guard, Reader),
        (version_not_checked, Reader),
        (batch_not_atomic, Reader),
        (ExitStack, lambda: Reader(load=NeverInvalidated())),
        (ExitStack, lambda: Reader(load=KeepsUncommitted())),
    ],
    ids=[
        "naive cursor",
        "no guard",
        "version not checked",
        "batch not atomic",
        "cache not invalidated",
        "cache keeps uncommitted",
    ],
)
def test_a_planted_fault_is_found(
    plant: Callable[[], AbstractContextManager[Any]], reader: Callable[[], Reader]
) -> None:
    with plant(), pytest.raises(AssertionError) as found:
        run(reader(), examples=150)
    assert found.traceback[-1].path == Path(__file__), "it is the model that has to find it"
