"""Export: the log as NDJSON, one event a line as it was recorded, which `import_events` takes back."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from events.api import RecordedEvent, Untyped, read_log
from events.codec.canonical import canonical, with_fractions
from events.store.positions import readable_position

PAGE = 1_000


def export_lines(
    after: int = 0, *, event_types: Collection[str] | None = None, aggregate_type: str | None = None
) -> Iterator[tuple[int, bytes]]:
    """(position, line) of the events after a position, up to where the log can be read when the export begins.

    A payload stands in the version and with the fields in which it was written, so that `content_hash` can be verified.
    """
    end = readable_position()
    while after < end:
        page = read_log(after, PAGE, event_types, aggregate_type=aggregate_type, untyped=True)
        for event in page.events:
            if event.position > end:
                return
            yield event.position, with_fractions(canonical(_line(event))) + b"\n"
        after = page.position


def _line(event: RecordedEvent) -> dict[str, Any]:
    line: dict[str, Any] = msgspec.to_builtins(event)
    if isinstance(event.payload, Untyped):
        line["payload"] = event.payload.data
    line["content_hash"] = event.content_hash.hex()
    return line
