"""Snapshots: the state of an aggregate, kept so that a load needs not begin at the first event.

A snapshot counts while it was made with today's fold and codec; what those are stands in its row. Everything here may
be lost or wrong-footed without harm: a load without a snapshot takes longer and says the same.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from events.aggregates.aggregate import Aggregate, fingerprint
from events.arguments import arguments
from events.envelope import StreamId
from events.sql.statements import statement
from events.store.connection import live_cursor

CODEC = "json"
KEEP = 2
"""How many snapshots of an aggregate stay: the newest, and one for whoever asks about a time before."""

MAX_ID = 255
"""Characters of an aggregate's id."""

StateT = TypeVar("StateT", bound=Struct)


class SnapshotPolicy(Struct, frozen=True, kw_only=True):
    """When a snapshot is worth its while. Pure."""

    every: int = 100
    """After so many events since the last one."""
    load_seconds: float = 0.02
    """After a load that took so long …"""
    least: int = 10
    """… if it had at least so many events to fold."""

    def is_due(self, *, folded: int, load_seconds: float) -> bool:
        """Whether to take one; `folded` events since the last were folded in this time."""
        return folded >= self.every or (folded >= self.least and load_seconds >= self.load_seconds)


class Snapshot(Struct, frozen=True, kw_only=True):
    """A state that counts."""

    version: int
    state: Any


def latest_snapshot(
    aggregate: Aggregate[Any], aggregate_id: str, *, up_to: int | None = None, using: str = "default"
) -> Snapshot | None:
    """The newest snapshot that counts, not above the version `up_to`; none when there is none."""
    arguments.text("aggregate_id", aggregate_id)
    arguments.number("up_to", up_to)
    with live_cursor(using) as cursor:
        row = cursor.execute(statement("snapshot_latest"), _key(aggregate, aggregate_id) | {"up_to": up_to}).fetchone()
    if row is None:
        return None
    return Snapshot(version=row[0], state=msgspec.json.decode(row[1], type=aggregate.state_type))


def save_snapshot(
    aggregate: Aggregate[StateT],
    aggregate_id: str,
    version: int,
    state: StateT,
    *,
    keep: int = KEEP,
    using: str = "default",
) -> bool:
    """Keep the state of a version and remove older snapshots; whether it was not kept before.

    Never to be called in a transaction that has appended and may roll back: the state would be of what never was.
    """
    arguments.text("aggregate_id", aggregate_id, least=1, most=MAX_ID)
    arguments.number("version", version, least=1)
    arguments.number("keep", keep)
    with live_cursor(using) as cursor:
        values = _key(aggregate, aggregate_id) | {
            "version": version,
            "fold_version": aggregate.fold_version,
            "data": msgspec.json.encode(state).decode(),
        }
        saved = cursor.execute(statement("snapshot_save"), values).fetchone() is not None
        cursor.execute(
            statement("snapshot_prune"),
            {"aggregate_type": aggregate.name, "aggregate_id": aggregate_id, "keep": keep},
        )
    return saved


def counts(aggregate: Aggregate[Any], *, codec: str, fold: str) -> bool:
    """Whether a snapshot that was made so counts today."""
    return codec == CODEC and fold == fingerprint(aggregate)


def prune_snapshots(*, keep: int = KEEP, using: str = "default") -> int:
    """Remove all but the newest snapshots of every aggregate; how many."""
    arguments.number("keep", keep)
    with live_cursor(using) as cursor:
        return len(cursor.execute(statement("snapshot_prune_all"), {"keep": keep}).fetchall())


def stream_of(aggregate: Aggregate[Any], aggregate_id: str) -> StreamId:
    """The stream of an aggregate."""
    return StreamId(aggregate.name, aggregate_id)


def _key(aggregate: Aggregate[Any], aggregate_id: str) -> dict[str, Any]:
    return {
        "aggregate_type": aggregate.name,
        "aggregate_id": aggregate_id,
        "codec": CODEC,
        "fold": fingerprint(aggregate),
    }
