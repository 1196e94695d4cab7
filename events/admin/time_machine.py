"""Time machine: what an aggregate was after a version, and what differs between two, field by field."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from events.admin.links import log_link
from events.aggregates.aggregate import aggregates
from events.aggregates.difference import FieldDifference, as_json, differences
from events.envelope import StreamId
from events.exceptions import EventStoreError, NotFound, UnreadableStream
from events.state.loading import Loaded
from events.state.time_travel import state_at_version
from events.store.reading.queries import stream_version
from kit.admin.display import json_block
from kit.links import link_to

NOTHING = "-"
MAX_VERSION = 2**53


def time_machine_url(stream: StreamId, version: int) -> str:
    """Its page for a version of a stream."""
    return link_to("admin:events_time_machine", stream=str(stream), to=version)


def changes_between(stream: StreamId, before: int, after: int) -> SafeString | str:
    """The fields that differ, as a table; a dash where no code knows the aggregate."""
    if stream.aggregate_type not in aggregates:
        return NOTHING
    try:
        changes = differences(_state(stream, before).state, _state(stream, after).state)
    except UnreadableStream as error:
        return str(error)
    return _table(changes)


def state_after(stream: StreamId, version: int) -> SafeString | str:
    """The state as indented JSON; a dash where no code knows the aggregate."""
    if stream.aggregate_type not in aggregates:
        return NOTHING
    try:
        return json_block(as_json(_state(stream, version).state))
    except UnreadableStream as error:
        return str(error)


def time_machine(request: HttpRequest) -> dict[str, Any]:
    """What the page shows: of the stream and the versions that its address names."""
    name = request.GET.get("stream", "").replace("\0", "").strip()
    aggregate_type, _, aggregate_id = name.partition("/")
    stream = StreamId(aggregate_type, aggregate_id)
    if not name:
        return {"stream": ""}
    if aggregate_type not in aggregates:
        return {"stream": name, "problem": f"No code folds the events of {aggregate_type or name} to a state."}
    try:
        last = stream_version(stream)
        to = _version(request.GET.get("to"), last)
        since = _version(request.GET.get("from"), max(0, to - 1))
        before, after = _state(stream, since), _state(stream, to)
    except NotFound:
        return {"stream": name, "problem": f"{name} has no such version."}
    except EventStoreError as error:
        return {"stream": name, "problem": f"{error}."}
    return {
        "stream": name,
        "from": since,
        "to": to,
        "last": last,
        "log": log_link(name),
        "changes": _table(differences(before.state, after.state)),
        "state": json_block(as_json(after.state)),
        "earlier": time_machine_url(stream, to - 1) if to else None,
        "later": time_machine_url(stream, to + 1) if to < last else None,
    }


def _state(stream: StreamId, version: int) -> Loaded:
    return state_at_version(aggregates.named(stream.aggregate_type), stream.aggregate_id, version)


def _version(text: str | None, otherwise: int) -> int:
    number = text or ""
    return min(int(number), MAX_VERSION) if number.isascii() and number.isdigit() and len(number) < 19 else otherwise


def _table(changes: list[FieldDifference]) -> SafeString:
    rows = [
        {"field": change.pointer or "/", "change": change.change, "old": _text(change.old), "new": _text(change.new)}
        for change in changes
    ]
    return SafeString(render_to_string("admin/events/changes.html", {"rows": rows}))


def _text(value: Any) -> SafeString | str:
    return json_block(value) if isinstance(value, dict | list) else "-" if value is None else str(value)
