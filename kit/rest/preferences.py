"""Preference (RFC 7240): what a request would like, and is answered without where that cannot be.

Nova knows one: `wait=<position>`, a place in the log of events that the answer is to know. The number is a position, as
answers say it in `Nova-Position`, and not the seconds of the standard.
"""

import re
from collections.abc import Mapping

from drf_spectacular.utils import OpenApiParameter

from kit.exceptions import InvalidParameter

PREFER = OpenApiParameter(
    "Prefer",
    # Without a pattern: other preferences are passed over, as the standard demands.
    {"type": "string", "examples": ["wait=42"]},
    OpenApiParameter.HEADER,
    description="`wait=<position>`: wait, for a bounded time, until the answer knows the event at that position; "
    "`Preference-Applied` says that it does. Refused with 400 beyond the end of the log.",
)

_WAIT = re.compile(r'(?:^|,)\s*wait(?:\s*=\s*(?:"([^"]*)"|([^\s,;]*)))?\s*(?:[,;]|$)', re.IGNORECASE)
_POSITION = re.compile(r"[0-9]{1,18}", re.ASCII)


def awaited_position(headers: Mapping[str, str]) -> int | None:
    """The position that the answer is to know; None where the client names none.

    Raises `InvalidParameter` for what is no position: whoever is not waited for is to know it.
    """
    found = _WAIT.search(headers.get("Prefer", ""))
    text = (found[1] or found[2]) if found else None
    if not text:
        return None
    if not _POSITION.fullmatch(text):
        raise InvalidParameter("Prefer", "wait must be a position of the log, such as wait=42")
    return int(text)


def applied(position: int) -> str:
    """The value of `Preference-Applied` for an answer that knows the position."""
    return f"wait={position}"
