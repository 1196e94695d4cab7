"""Page cursor: an opaque text that holds the last item's sort key, where the next page begins."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, TypeVar

import msgspec

from kit.exceptions import InvalidParameter

KeyT = TypeVar("KeyT")


def to_cursor(key: Any) -> str:
    """The cursor for a sort key of JSON values."""
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def from_cursor(cursor: str, kind: type[KeyT], *, parameter: str) -> KeyT:
    """The sort key in a cursor. Raises `InvalidParameter` for a text that no page has given out."""
    try:
        text = urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii"))
        return msgspec.json.decode(text, type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise InvalidParameter(parameter, "is no cursor that a page has given out") from None
