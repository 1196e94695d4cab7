"""W3C `traceparent` (Trace Context, level 1): recognises valid ones."""

import re

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def valid_traceparent(text: str | None) -> str | None:
    """The header's value if it is one; None otherwise: a broken trace must not break the request."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None
