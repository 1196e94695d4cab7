"""Dead-letter store: a message that cannot be handled is kept as it came, with the reason, and can be retried."""

import re
import traceback
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from msgspec import Struct, structs

from kit.outages import is_outage
from outbox.bus.base import IncomingMessage
from outbox.handling.handlers import ConsumerGroup, group_named
from outbox.handling.inbox import claim, run_handlers
from outbox.messages.decoding import to_event
from outbox.messages.headers import read_headers
from outbox.models import DeadLetter
from outbox.signals import metrics

log = structlog.get_logger(__name__)

MESSAGE_LIMIT = 10_000
# A place in an array, in a JSON pointer.
INDEX = re.compile(r"/\d+(?=/|$)")


class FailureReport(Struct, frozen=True, kw_only=True):
    """What went wrong, so that failures of one kind at one place can be told from others."""

    exception: str
    """The exception's class."""
    message: str
    frame: str
    """The innermost call in the code that the handlers belong to: file, line and function."""
    group: str
    """The same for every failure of this class in this function, at this place of the message."""


def store_dead_letter(group: ConsumerGroup, message: IncomingMessage, error: Exception, *, attempts: int) -> None:
    """Keep the message as a dead letter, marked as processed so that the group goes on behind it."""
    headers = read_headers(message)
    event_id = headers.event_id
    report = describe(error, _roots(group))
    with transaction.atomic():
        if not claim(group.name, [event_id]):
            return
        DeadLetter.objects.create(
            consumer=group.name,
            event_id=event_id,
            event_type=headers.event_type[:255],
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            headers=headers_as_json(message.headers),
            body=message.body,
            message_timestamp=message.timestamp,
            exception=report.exception,
            message=report.message,
            frame=report.frame,
            failure_group=report.group,
            attempts=attempts,
        )
    metrics.DEAD_LETTERS.labels(group=group.name).inc()
    log.error(
        "a message is a dead letter",
        group=group.name,
        event_id=str(event_id),
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        exception=report.exception,
        frame=report.frame,
    )


def handle_again(dead_letter: DeadLetter) -> bool:
    """Give the message to its group's handlers once more, in the caller's transaction; whether they could handle it.

    The caller has locked the dead_letter. Raises what is no fault of the message: a server that is away.
    """
    try:
        group = group_named(dead_letter.consumer)
        with transaction.atomic():
            # By the id that the inbox knows it by: a message that names none was named by its place, which is gone.
            event = structs.replace(to_event(original(dead_letter)), event_id=dead_letter.event_id)
            run_handlers(group, [event])
    except Exception as error:
        if is_outage(error):
            raise
        # Whatever else the handler raises is for the operator to see.
        report = describe(error, {type(error).__module__.partition(".")[0]})
        DeadLetter.objects.filter(pk=dead_letter.pk).update(
            status=DeadLetter.Status.OPEN,
            attempts=F("attempts") + 1,
            last_failed_at=Now(),
            exception=report.exception,
            message=report.message,
            frame=report.frame,
            failure_group=report.group,
        )
        log.warning("a dead letter failed again", group=dead_letter.consumer, event_id=str(dead_letter.event_id))
        return False
    DeadLetter.objects.filter(pk=dead_letter.pk).update(status=DeadLetter.Status.RETRIED)
    log.info("a dead letter was handled", group=dead_letter.consumer, event_id=str(dead_letter.event_id))
    return True


def original(dead_letter: DeadLetter) -> IncomingMessage:
    """The message as it came."""
    return IncomingMessage(
        topic=dead_letter.topic,
        partition=dead_letter.partition,
        offset=dead_letter.offset,
        key=None if dead_letter.key is None else bytes(dead_letter.key),
        body=None if dead_letter.body is None else bytes(dead_letter.body),
        headers=tuple((name, _as_bytes(value)) for name, value in dead_letter.headers),
        timestamp=dead_letter.message_timestamp,
    )


def describe(error: Exception, roots: Collection[str]) -> FailureReport:
    """What is known of an exception; `roots` are the packages that count as our own code."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    file, line, function = _innermost(error.__traceback__, roots)
    return FailureReport(
        exception=kind[:255],
        # PostgreSQL keeps no NUL in text.
        message=str(error).replace("\x00", "\\x00").encode(errors="backslashreplace").decode()[:MESSAGE_LIMIT],
        frame=f"{file}:{line} in {function}"[:500],
        group=sha256(f"{kind} {file} {function}{_place(error)}".encode()).hexdigest()[:16],
    )


def _place(error: BaseException) -> str:
    """Which part of a message is wrong, of an error that tells or whose cause does; items of a list are alike."""
    pointer = str(getattr(error, "pointer", None) or "")
    place = f" {INDEX.sub('/*', pointer)}" if pointer else ""
    return place + (f" {type(error.__cause__).__qualname__}{_place(error.__cause__)}" if error.__cause__ else "")


def _innermost(trace: TracebackType | None, roots: Collection[str]) -> tuple[str, int, str]:
    frames = [(frame, line) for frame, line in traceback.walk_tb(trace)]
    if not frames:
        return "?", 0, "?"
    own = [(frame, line) for frame, line in frames if frame.f_globals.get("__name__", "").partition(".")[0] in roots]
    frame, line = (own or frames)[-1]
    module = frame.f_globals.get("__name__", frame.f_code.co_filename)
    return module, line, frame.f_code.co_qualname


def _roots(group: ConsumerGroup) -> set[str]:
    calls = [handler.handle or handler.handle_batch for handler in group.handlers]
    return {getattr(call, "__module__", "").partition(".")[0] for call in calls if call}


def headers_as_json(headers: Sequence[tuple[str, bytes | None]]) -> list[list[Any]]:
    """Headers as a dead letter keeps them."""
    return [[name, _as_json(value)] for name, value in headers]


HeaderValue = str | dict[str, str] | None


def _as_json(value: bytes | None) -> HeaderValue:
    """Text where it is text that PostgreSQL keeps, else base64."""
    if value is None:
        return None
    with suppress(UnicodeDecodeError):
        if b"\x00" not in value:
            return value.decode()
    return {"base64": b64encode(value).decode()}


def _as_bytes(value: HeaderValue) -> bytes | None:
    match value:
        case str():
            return value.encode()
        case {"base64": str(encoded)}:
            return b64decode(encoded)
        case _:
            return None
