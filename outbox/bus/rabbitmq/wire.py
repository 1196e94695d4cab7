"""Wire: how RabbitMQ is reached, and what messages and failures look like in AMQP."""

import ssl
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from kombu import Connection
from kombu.transport.pyamqp import Transport
from msgspec import Struct

from outbox.bus.base import MAX_MESSAGE_BYTES, DeliveryFailure, Failure, IncomingMessage, OutgoingMessage
from outbox.bus.headers import PLACE_NAMESPACE, event_type_in
from outbox.bus.rabbitmq.frames import tolerant_frame_handler
from outbox.bus.rabbitmq.topology import KEY, PARTITION, partition_of
from outbox.exceptions import BrokerUnavailable

CONNECT_TIMEOUT = 2.0
# A silent broker, or member of a group, counts as dead after twice as many seconds.
HEARTBEAT = 20
# Seconds that the broker may take to answer a question; what reads messages has a shorter timeout of its own.
ANSWER_TIMEOUT = 5.0
# All headers of a message must fit into one frame, which is 128 KiB.
MAX_HEADER_BYTES = 100_000
MAX_SHORT_STRING = 255
PERSISTENT = 2

CONNECTION_ERRORS: tuple[type[Exception], ...] = (*Transport.connection_errors, TimeoutError)
CHANNEL_ERRORS: tuple[type[Exception], ...] = Transport.channel_errors


class RabbitAddress(Struct, frozen=True, kw_only=True):
    """Where RabbitMQ is, and how it is used."""

    url: str
    """`amqp://user:password@host:port/vhost`, or `amqps://` for TLS."""
    ca_location: str = ""
    """PEM file of the authorities that may vouch for the broker; empty for the system's."""
    partitions: int = 6
    """Queues of a group per topic."""

    def __repr__(self) -> str:
        return "RabbitAddress(…)"


def connect(address: RabbitAddress, *, timeout: float = CONNECT_TIMEOUT) -> Any:
    """A connection to the broker, made within so many seconds. Raises one of `CONNECTION_ERRORS`."""
    tls: dict[str, Any] = {}
    if address.url.startswith("amqps:"):
        # A host name of None stands for that of the URL; without these two, nobody would check who answers.
        tls = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}
        if address.ca_location:
            tls["ca_certs"] = address.ca_location
    connection = Connection(
        address.url,
        ssl=tls or False,
        connect_timeout=timeout,
        heartbeat=HEARTBEAT,
        transport_options={"frame_handler": tolerant_frame_handler},
    )
    # Once, with each host of the URL: whoever wants a connection decides when to try again.
    connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, reraise_as_library_errors=False)
    connection.connection.transport.sock.settimeout(ANSWER_TIMEOUT)
    return connection


def failure_of(kind: Failure, error: Exception) -> DeliveryFailure:
    """What an error means for a message, or for a topic that could not be made."""
    return DeliveryFailure(failure=kind, reason=f"{type(error).__name__}: {error}"[:500])


def unavailable(error: Exception) -> BrokerUnavailable:
    """What an error means for who has asked something."""
    return BrokerUnavailable(f"{type(error).__name__}: {error}")


def rejection(message: OutgoingMessage) -> DeliveryFailure | None:
    """Why the message can never be sent, if so."""
    if len(message.body) > MAX_MESSAGE_BYTES:
        return DeliveryFailure(failure=Failure.PERMANENT, reason=f"larger than {MAX_MESSAGE_BYTES} bytes")
    headers = sum(len(name) + len(value) for name, value in message.headers) + len(message.key)
    if headers > MAX_HEADER_BYTES:
        return DeliveryFailure(failure=Failure.PERMANENT, reason=f"headers larger than {MAX_HEADER_BYTES} bytes")
    if len(routing_key(message).encode()) > MAX_SHORT_STRING:
        return DeliveryFailure(failure=Failure.PERMANENT, reason="event type too long for a routing key")
    return None


def routing_key(message: OutgoingMessage) -> str:
    """The event type."""
    return event_type_in(message.headers)


def to_amqp(channel: Any, message: OutgoingMessage, partitions: int) -> Any:
    """The message as the channel takes it."""
    headers = dict(message.headers)
    named = {"type": routing_key(message), "message_id": _text(headers.get("event_id") or headers.get("ce_id"))}
    short = {name: value for name, value in named.items() if value and len(value.encode()) <= MAX_SHORT_STRING}
    return channel.prepare_message(
        message.body,
        content_type=_text(headers.get("content-type"))[:MAX_SHORT_STRING] or None,
        headers=headers | {PARTITION: partition_of(message.key, partitions), KEY: message.key},
        properties={"delivery_mode": PERSISTENT, "timestamp": int(time.time()), **short},
    )


def from_amqp(received: Any, *, source: str, partition: int, offset: int) -> IncomingMessage:
    """The message, whoever sent it; `source` is the topic where it does not say."""
    fields: Mapping[str, Any] = received.properties
    own: Mapping[str | bytes, Any] = fields.get("application_headers") or {}
    key = key_of(received)
    body = _bytes(received.body)
    headers = {_name(name): _bytes(value) for name, value in own.items() if name not in {KEY, PARTITION}}
    sent = fields.get("timestamp")
    topic = received.delivery_info["exchange"] or source
    if not _names_itself(headers):
        # RabbitMQ gives a message no place by which it could be known again when it is delivered anew.
        headers["event_id"] = str(_name_for(topic, key, fields, headers, body)).encode()
    return IncomingMessage(
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        body=body,
        headers=tuple(headers.items()),
        timestamp=int(sent.timestamp() if hasattr(sent, "timestamp") else sent) * 1000 if sent else None,
    )


def key_of(received: Any) -> bytes | None:
    """The key that a message carries."""
    return _bytes((received.properties.get("application_headers") or {}).get(KEY))


def _names_itself(headers: Mapping[str, bytes | None]) -> bool:
    if headers.get("ce_id"):
        return True
    try:
        return bool(UUID(_text(headers.get("event_id"))))
    except ValueError:
        return False


def _name_for(
    topic: str, key: bytes | None, fields: Mapping[str, Any], headers: Mapping[str, bytes | None], body: bytes | None
) -> UUID:
    """An id for a message that has none: by its AMQP message id, else by all that it says."""
    if message_id := fields.get("message_id"):
        return uuid5(PLACE_NAMESPACE, f"{topic}/{message_id}")
    said = repr((key, str(fields.get("timestamp")), sorted(headers.items()), body))
    return uuid5(PLACE_NAMESPACE, f"{topic}/{sha256(said.encode()).hexdigest()}")


def _name(name: str | bytes) -> str:
    """A header's name as text that can be kept: where it is no UTF-8 it comes as bytes, or with half a surrogate."""
    encoded = name if isinstance(name, bytes) else name.encode(errors="replace")
    return encoded.decode(errors="replace").replace("\x00", "\ufffd")


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _bytes(value: Any) -> bytes | None:
    """A header's value; AMQP knows numbers, dates and more."""
    if value is None:
        return None
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else str(value).encode(errors="replace")
