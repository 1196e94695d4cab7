"""Append: events get into the store in one round trip, all of them or none, each exactly once."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, transaction
from psycopg.errors import UniqueViolation

from events.envelope import Appended, Expected, NewEvent, StreamId, StreamWrite
from events.exceptions import InvalidEvent, Unavailable
from events.sql.statements import statement
from events.store.columns import documents, hook_values, parameters
from events.store.conflicts import check_tombstones, check_versions, first_answers
from events.store.connection import live_connection, live_cursor, raise_as_ours, savepoint
from events.store.hooks import InlineFollower, OnAppend, on_append
from events.store.libpq import LibpqStatement, call, libpq_statement
from events.store.prepared import PreparedEvent, prepare
from events.store.reading.queries import get_events_by_id
from events.store.sequences import check_log, check_log_once
from kit.arguments import MAX_BIGINT

Rows = list[tuple[int, ...]]
Write = Callable[[Sequence[StreamWrite], Sequence[Sequence[PreparedEvent]], OnAppend, str], Rows]

MAX_ATTEMPTS = 20
# Races that an append loses before it queues with the others that lost: whoever has queued soon comes first.
MAX_RACES = 3


def append_events(
    stream: StreamId, expected_version: int, events: Sequence[NewEvent], *, using: str = "default"
) -> Appended:
    """Append events to one stream; see `append_streams`."""
    write = StreamWrite(stream=stream, expected_version=expected_version, events=list(events))
    try:
        return append_streams([write], using=using)[0]
    except InvalidEvent as error:
        error.pointer = error.pointer.removeprefix("/0").removeprefix("/events")
        raise


def append_streams(writes: Sequence[StreamWrite], *, using: str = "default") -> list[Appended]:
    """Append events to several streams at once, in the open transaction if there is one, else in one of its own.

    A repeated append, known by its event ids, is answered with the first result and changes nothing.

    Raises `VersionConflict` when a stream is not at its expected version, `EventIdConflict` when an event id is in use
    for something else, `StreamTombstoned` when a stream was closed for ever, `InvalidEvent` for what cannot be an
    event, `AppendRefused` when what follows the append inline cannot, and `Unavailable` when the database cannot be
    reached, or was not restored whole (`SequenceBehind`); nothing is written in any of these cases, and after all but
    the last an open transaction can go on.
    """
    check_shape(writes)
    return append_prepared(writes, prepare(writes), using=using)


def append_prepared(
    writes: Sequence[StreamWrite], prepared: Sequence[Sequence[PreparedEvent]], *, using: str = "default"
) -> list[Appended]:
    """Append what `prepare` has made of the writes; otherwise the same as `append_streams`.

    A stream may stand in several writes that expect nothing of it: positions follow the order of the writes.
    """
    hook = on_append()
    # What follows inline writes to this very database.
    follower = hook.follower if using == DEFAULT_DB_ALIAS else None
    followed = follower.followed(prepared) if follower else []
    for attempt in range(MAX_ATTEMPTS):
        write = _write if attempt < MAX_RACES else _queued
        if follower and followed:
            rows = _write_followed(write, writes, prepared, hook, follower, followed)
        else:
            rows = write(writes, prepared, hook, using)
        if rows:
            if hook.committed:
                transaction.on_commit(hook.committed, using=using, robust=True)
            return _answers(writes, prepared, rows)
        answers = first_answers(writes, prepared, using=using)
        if answers is not None:
            return answers
        check_tombstones(writes, using=using)
        check_versions(writes, using=using)
        check_log(using=using)
        # No expectation is broken, so a racing append took the versions that this one was about to take.
    raise Unavailable(f"lost {MAX_ATTEMPTS} races for the same stream; try again")


def check_shape(writes: Sequence[StreamWrite]) -> None:
    """Raise `InvalidEvent` for writes that could not be one append, whatever their events say."""
    if not writes or not all(write.events for write in writes):
        raise InvalidEvent("nothing to append")
    if len({write.stream for write in writes}) < len(writes):
        raise InvalidEvent("the same stream stands twice in one append")
    given = [new.event_id for write in writes for new in write.events if new.event_id]
    if len(set(given)) < len(given):
        raise InvalidEvent("the same event id stands twice in one append")
    for write in writes:
        if not Expected.STREAM_EXISTS <= write.expected_version <= MAX_BIGINT:
            raise InvalidEvent(f"{write.expected_version} cannot be a version")


def _write(
    writes: Sequence[StreamWrite], prepared: Sequence[Sequence[PreparedEvent]], hook: OnAppend, using: str
) -> Rows:
    """(position, version) of each event in order; nothing, and nothing written, when the store refuses."""
    if len(writes) == 1 and len(prepared[0]) == 1:
        event = prepared[0][0]
        with live_connection(using) as connection:
            check_log_once(connection)
            return call(
                connection, _one(hook.one), {**parameters(writes[0], event), **hook_values(hook.values, event, 0)}
            )
    try:
        # A savepoint, so that an open transaction can go on when a part of the batch was in the way of another.
        with savepoint(using), live_connection(using) as connection:
            check_log_once(connection)
            return call(connection, _many(hook.many), documents(writes, prepared, hook.values))
    except UniqueViolation as violation:
        if violation.diag.table_name != "domain_events":
            raise
        return []


def _write_followed(
    write: Write,
    writes: Sequence[StreamWrite],
    prepared: Sequence[Sequence[PreparedEvent]],
    hook: OnAppend,
    follower: InlineFollower,
    followed: Sequence[UUID],
) -> Rows:
    """Write, and let the follower act on its events, both or neither."""
    try:
        with transaction.atomic():
            rows = write(writes, prepared, hook, DEFAULT_DB_ALIAS)
            if rows:
                follower.act(get_events_by_id(followed))
            return rows
    except (InterfaceError, OperationalError) as error:
        if isinstance(error.__cause__, psycopg.Error):
            raise_as_ours(error.__cause__)
        raise Unavailable(str(error)) from error


@cache
def _one(hooked: str) -> LibpqStatement:
    return libpq_statement(f"{statement('append_one')}\n{hooked}")


@cache
def _many(hooked: str) -> LibpqStatement:
    return libpq_statement(f"{statement('append_many')}\n{hooked}")


def _queued(
    writes: Sequence[StreamWrite], prepared: Sequence[Sequence[PreparedEvent]], hook: OnAppend, using: str
) -> Rows:
    names = sorted(str(write.stream) for write in writes)
    with transaction.atomic(using=using):
        with live_cursor(using) as cursor:
            cursor.execute(statement("queue_for_streams"), {"streams": names})
        return _write(writes, prepared, hook, using)


def _answers(writes: Sequence[StreamWrite], prepared: Sequence[Sequence[PreparedEvent]], rows: Rows) -> list[Appended]:
    remaining = iter(rows)
    answers = []
    for write, events in zip(writes, prepared, strict=True):
        own = list(islice(remaining, len(events)))
        answers.append(
            Appended(
                stream=write.stream,
                first_version=own[0][1],
                version=own[-1][1],
                positions=tuple(position for position, _ in own),
                event_ids=tuple(event.envelope.event_id for event in events),
            )
        )
    return answers
