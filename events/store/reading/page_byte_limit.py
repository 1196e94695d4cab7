"""Where does a page end that many large events are on? After so many bytes, whatever the number that was asked for.

What counts is what the events come to when they are read, for a compressed payload is small only as long as it lies in
the store. Rows are weighed before any is decoded.
"""

from collections.abc import Sequence
from itertools import accumulate

from events.codec.pipeline import length
from events.store.reading.rows import Row

PAGE_BYTES = 16 * 1024 * 1024


def json_bytes(rows: Sequence[Row]) -> int:
    """About how many bytes of JSON the events of the rows come to."""
    return sum(_json_sizes(rows))


def first_page(rows: Sequence[Row], most: int = PAGE_BYTES) -> Sequence[Row]:
    """The first of the rows that come to at most so many bytes together, and one in any case."""
    weights = _json_sizes(rows)
    if sum(weights) <= most:
        return rows
    fitting = sum(total <= most for total in accumulate(weights))
    return rows[: max(fitting, 1)]


def _json_sizes(rows: Sequence[Row]) -> list[int]:
    # In one line, and by place: each page of every reader is weighed.
    return [len(row[13]) + (len(row[14]) if row[17] is None else length(row[16], row[17])) for row in rows]
