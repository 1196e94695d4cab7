"""Dry run: a command is decided on the aggregate as it is now, and nothing is written."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.aggregates.aggregate import Issued, aggregates
from events.aggregates.difference import FieldDifference, differences
from events.commands.inline import try_effect
from events.envelope import StreamId
from events.exceptions import VersionConflict
from events.identifiers import check_stream, uuid7
from events.state.loading import load


class DryRun(Struct, frozen=True, kw_only=True):
    """What a command would do."""

    stream: StreamId
    command_id: UUID
    version: int
    """The aggregate's version on which it was decided; give it to `execute` to have this and nothing else happen."""
    payloads: tuple[Struct, ...]
    """The events, none when all is so already."""
    changes: tuple[FieldDifference, ...]
    """What they would change in the state."""


def dry_run(
    aggregate_id: str,
    command: Any,
    *,
    command_id: UUID | None = None,
    expected_version: int | None = None,
    user_id: str | None = None,
) -> DryRun:
    """Decide a command without its effect.

    Raises a `CommandRefused` when the aggregate's rules say no, `VersionConflict` when it is at another version, and
    `InvalidEvent` for an impossible aggregate id, `UnreadableStream` when its events cannot be folded.
    """
    aggregate, _ = aggregates.of(command)
    stream = StreamId(aggregate.name, aggregate_id)
    check_stream(stream)
    issued = Issued(aggregate_id=aggregate_id, command_id=command_id or uuid7(), at=datetime.now(UTC), user_id=user_id)
    loaded = load(aggregate, aggregate_id)
    if expected_version is not None and expected_version != loaded.version:
        raise VersionConflict(stream, expected_version, loaded.version)
    payloads = tuple(aggregate.decide(loaded.state, command, issued))
    try_effect(stream, payloads, "default")
    return DryRun(
        stream=stream,
        command_id=issued.command_id,
        version=loaded.version,
        payloads=payloads,
        changes=tuple(differences(loaded.state, aggregate.fold(loaded.state, payloads))),
    )
