"""Page byte limit: a page of large events ends after so many bytes, whatever the number that was asked for.

What counts is what the events come to when they are read, for a compressed payload is small only as long as it lies in
the store. Rows are measured before any is decoded.
"""

from collections.abc import Sequence
from itertools import accumulate

from events.codec.pipeline import length
from events.sql.columns import RECORDED_COLUMNS
from events.store.reading.rows import Row

PAGE_BYTES = 16 * 1024 * 1024
METADATA, PAYLOAD, ENCODING, PACKED = map(RECORDED_COLUMNS.index, ("metadata", "payload", "encoding", "payload_bytes"))


def json_bytes(rows: Sequence[Row]) -> int:
    """About how many bytes of JSON the events of the rows come to."""
    return sum(_json_sizes(rows))


def first_page(rows: Sequence[Row], max_bytes: int = PAGE_BYTES) -> Sequence[Row]:
    """The first of the rows that come to at most so many bytes together, and one in any case."""
    sizes = _json_sizes(rows)
    if sum(sizes) <= max_bytes:
        return rows
    fitting = sum(total <= max_bytes for total in accumulate(sizes))
    return rows[: max(fitting, 1)]


def _json_sizes(rows: Sequence[Row]) -> list[int]:
    # In one expression, and by place: each page of every reader is measured.
    return [
        len(row[METADATA]) + (len(row[PAYLOAD]) if row[PACKED] is None else length(row[ENCODING], row[PACKED]))
        for row in rows
    ]
