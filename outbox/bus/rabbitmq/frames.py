"""Tolerant frames: a message whose properties py-amqp cannot read comes without them, and says so.

Anybody may send such a message, for instance with a date in milliseconds among its headers. The client would break down
on it, over and over, because RabbitMQ gives back to the queue what a lost connection has not acknowledged.
"""

from collections.abc import Callable
from struct import pack
from typing import Any

from amqp.method_framing import frame_handler
from amqp.serialization import decode_properties_basic, dumps

UNREADABLE = "nova-unreadable"
# A frame with the header of a message: its size stands before the properties (AMQP 0-9-1, 4.2.6.1).
HEADER_FRAME = 2
PROPERTIES_AT = 12
APPLICATION_HEADERS = 1 << 13
INSTEAD = pack(">H", APPLICATION_HEADERS) + dumps("F", ({UNREADABLE: True},))

Frame = tuple[int, int, Any]
"""Type, channel and payload."""


def tolerant_frame_handler(connection: Any, callback: Callable[..., None]) -> Callable[[Frame], bool]:
    """What reads the frames of a connection, as py-amqp asks for it."""
    read: Callable[[Frame], bool] = frame_handler(connection, callback)

    def read_tolerantly(frame: Frame) -> bool:
        try:
            return read(frame)
        except Exception:
            kind, channel, payload = frame
            # Whatever else went wrong is not about the properties.
            if kind != HEADER_FRAME or _is_readable(payload):
                raise
            return read((kind, channel, bytes(payload[:PROPERTIES_AT]) + INSTEAD))

    return read_tolerantly


def is_unreadable(received: Any) -> bool:
    """Whether the message has come without its properties."""
    return UNREADABLE in (received.properties.get("application_headers") or {})


def _is_readable(payload: Any) -> bool:
    try:
        decode_properties_basic(payload, PROPERTIES_AT)
    except Exception:  # noqa: BLE001 - broken text, dates, numbers and types raise errors of many kinds
        return False
    return True
