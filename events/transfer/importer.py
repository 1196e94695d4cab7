"""Import: a file's rows are appended in batches, each in one transaction with the note of how far the import is.

The same file with the same map goes on where it stopped, and a finished one begins anew and adds nothing, because an
event's id comes from its row. Rows of one stream keep their order; a bad row is written to the rejects and the rest
goes on.

It has more than 200 lines because a batch, its rejects and its note are one transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path
from typing import Protocol, TypeVar

from django.db import InterfaceError, OperationalError, connections, transaction
from msgspec import Struct

from events.api import (
    Appended,
    EventIdConflict,
    InvalidEvent,
    StreamTombstoned,
    StreamWrite,
    Unavailable,
)
from events.models import EventImport
from events.store.append import append_prepared
from events.store.streams.metadata import close_stream
from events.transfer.exceptions import BadRow, UnreadableFile
from events.transfer.mapping import ImportMap, MappedEvent, to_event
from events.transfer.rows import SourceFile, SourceRow
from events.types.stream_closed import StreamClosed

_ResultT = TypeVar("_ResultT")
_REFUSED = (InvalidEvent, EventIdConflict, StreamTombstoned)
"""What is one row's own fault."""
MAX_BATCH = 16 * 1024 * 1024
"""Characters of a batch, beside the number of its rows: it is held in memory, and appended in one statement."""


class Rejects(Protocol):
    """Takes the rows that could not become events."""

    def __call__(self, row: SourceRow, reason: str) -> None:
        """Keep the row with the reason, safe from what becomes of this process; the same row may come twice."""
        ...


class ImportProgress(Struct, kw_only=True):
    """How far an import is."""

    rows: int = 0
    """Rows of the file that are done with, also those of earlier runs."""
    appended: int = 0
    known: int = 0
    """Rows whose events were there already."""
    rejected: int = 0
    resumed_at: int = 0
    """The row after which this run began."""


class _Candidate(Struct, frozen=True):
    row: SourceRow
    event: MappedEvent


def fingerprint(path: Path, map_text: bytes) -> str:
    """What makes two imports the same: the file's bytes and the map's."""
    digest = sha256(sha256(map_text).digest())
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def run_import(
    source: SourceFile,
    import_map: ImportMap,
    *,
    name: str,
    key: str,
    batch_size: int,
    reject: Rejects,
    report: Callable[[ImportProgress], None],
    wait_for_database: Callable[[Exception], None],
) -> ImportProgress:
    """Import all rows and return what became of them.

    `key` is the import's `fingerprint`. `wait_for_database` is called while the database is away; it returns when
    the batch is to be tried again, or raises to give up.

    Raises `UnreadableFile` when the file has a fault that hides what comes after it; what comes before is imported.
    """

    def persistently(step: Callable[[], _ResultT]) -> _ResultT:
        while True:
            try:
                return step()
            except (Unavailable, OperationalError, InterfaceError) as error:
                connections["default"].close()
                wait_for_database(error)

    progress = persistently(lambda: _begin(name, key))
    with closing(source.rows()) as rows:
        remaining = islice(rows, progress.rows, None)
        for batch in _batches(remaining, batch_size):
            candidates, bad = _candidates(import_map, batch)
            step = partial(_import_batch, key, batch[-1].number, candidates, bad, reject)
            progress = _progress(persistently(step), resumed_at=progress.resumed_at)
            report(progress)
    persistently(lambda: EventImport.objects.filter(key=key).update(finished_at=datetime.now(UTC)))
    return progress


def _batches(rows: Iterable[SourceRow], batch_size: int) -> Iterator[list[SourceRow]]:
    """The rows in batches; a fault of the file is raised after those that were read before it."""
    batch: list[SourceRow] = []
    size, fault = 0, None
    try:
        for row in rows:
            batch.append(row)
            size += row.size
            if len(batch) == batch_size or size >= MAX_BATCH:
                yield batch
                batch, size = [], 0
    except UnreadableFile as error:
        fault = error
    if batch:
        yield batch
    if fault:
        raise fault


def _begin(name: str, key: str) -> ImportProgress:
    state, _ = EventImport.objects.get_or_create(key=key, defaults={"source": name})
    if state.finished_at is not None:
        EventImport.objects.filter(key=key).update(finished_at=None, rows=0, appended=0, known=0, rejected=0)
        return ImportProgress()
    return _progress(state, resumed_at=state.rows)


def _progress(state: EventImport, *, resumed_at: int) -> ImportProgress:
    return ImportProgress(
        rows=state.rows,
        appended=state.appended,
        known=state.known,
        rejected=state.rejected,
        resumed_at=resumed_at,
    )


def _candidates(import_map: ImportMap, batch: list[SourceRow]) -> tuple[list[_Candidate], list[tuple[SourceRow, str]]]:
    candidates, bad = [], []
    for row in batch:
        if row.problem:
            bad.append((row, row.problem))
            continue
        try:
            candidates.append(_Candidate(row, to_event(import_map, row.values, row.number)))
        except BadRow as error:
            bad.append((row, str(error)))
    return candidates, bad


def _import_batch(
    key: str, last_row: int, candidates: list[_Candidate], bad: list[tuple[SourceRow, str]], reject: Rejects
) -> EventImport:
    """Append what can be appended, together with the note of it."""
    with transaction.atomic():
        state = EventImport.objects.select_for_update().get(key=key)
        appended, known, rejected = _append(candidates)
        rejected = sorted([*bad, *rejected], key=lambda told: told[0].number)
        # A commit whose answer was lost with the connection has counted and told these rows already.
        if state.rows < last_row:
            # Before the commit: a row that is told twice, by its number, does less harm than one that is not told.
            for row, reason in rejected:
                reject(row, reason)
            state.rows = last_row
            state.appended += appended
            state.known += known
            state.rejected += len(rejected)
            state.updated_at = datetime.now(UTC)
            state.save()
    return state


def _append(candidates: list[_Candidate]) -> tuple[int, int, list[tuple[SourceRow, str]]]:
    if _may_go_together(candidates):
        with suppress(*_REFUSED):
            return _append_together(candidates)
    return _append_one_by_one(candidates)


def _may_go_together(candidates: list[_Candidate]) -> bool:
    event_ids = {candidate.event.new.event_id for candidate in candidates}
    closes = any(isinstance(candidate.event.new.payload, StreamClosed) for candidate in candidates)
    return bool(candidates) and len(event_ids) == len(candidates) and not closes


def _append_together(candidates: list[_Candidate]) -> tuple[int, int, list[tuple[SourceRow, str]]]:
    # A write for each run of rows of one stream, so that positions follow the file.
    runs = [list(run) for _, run in groupby((c.event for c in candidates), key=lambda event: event.stream)]
    answers = append_prepared(
        [StreamWrite(stream=run[0].stream, events=[event.new for event in run]) for run in runs],
        [[event.prepared for event in run] for run in runs],
    )
    return (0, len(candidates), []) if answers[0].replayed else (len(candidates), 0, [])


def _append_one_by_one(candidates: list[_Candidate]) -> tuple[int, int, list[tuple[SourceRow, str]]]:
    """The way of a batch in which some rows are known already, come twice, or close their stream."""
    appended, known, rejected = 0, 0, []
    for candidate in candidates:
        try:
            answer = _append_one(candidate.event)
        except EventIdConflict as error:
            reason = f"{error}: the id stands twice in the file, or was in the store before"
            rejected.append((candidate.row, reason))
        except _REFUSED as error:
            rejected.append((candidate.row, str(error).removeprefix("/0/events/0")))
        else:
            known += answer.replayed
            appended += not answer.replayed
    return appended, known, rejected


def _append_one(event: MappedEvent) -> Appended:
    stream, new = event.stream, event.new
    if isinstance(new.payload, StreamClosed):
        return close_stream(
            stream, new, reason=new.payload.reason, actor=new.user_id or "", any_source=event.any_source
        )
    return append_prepared([StreamWrite(stream=stream, events=[new])], [[event.prepared]])[0]
