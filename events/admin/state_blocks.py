"""State blocks: what an aggregate was after an event, and what the event changed, as JSON for reading."""

import msgspec
from django.utils.safestring import SafeString

from events.aggregates.aggregate import aggregates
from events.aggregates.difference import as_json
from events.envelope import StreamId
from events.exceptions import UnreadableStream
from events.state.time_travel import difference, state_at_version
from kit.admin.display import json_block

NOTHING = "-"


def state_after(stream: StreamId, version: int) -> tuple[SafeString | str, SafeString | str]:
    """The state after the version, and the fields that it changed; dashes where no code knows the aggregate."""
    if stream.aggregate_type not in aggregates:
        return NOTHING, NOTHING
    aggregate = aggregates.named(stream.aggregate_type)
    try:
        loaded = state_at_version(aggregate, stream.aggregate_id, version)
        changes = difference(aggregate, stream.aggregate_id, version - 1, version)
    except UnreadableStream as error:
        return str(error), NOTHING
    return json_block(as_json(loaded.state)), json_block(msgspec.to_builtins(changes))
