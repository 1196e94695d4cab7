"""Edit and retry: a copy with a new event id is handled in place of a dead letter, which stays as it came."""

from typing import Annotated

import structlog
from django.db import transaction
from msgspec import Meta, Struct

from events.api import InvalidEvent, InvalidJSON, decode_payload, loads_json, registry, uuid7
from outbox.arguments import arguments, check_decision
from outbox.bus.base import MAX_MESSAGE_BYTES
from outbox.dead_letters.operations import retry_dead_letters
from outbox.dead_letters.store import headers_as_json, original
from outbox.exceptions import DeadLetterNotFound, DeadLetterNotOpen, InvalidEdit
from outbox.handling.inbox import claim
from outbox.messages.headers import event_type_of
from outbox.models import DeadLetter, DeadLetterOperation

log = structlog.get_logger(__name__)

ORIGINAL = "original_event_id"
MAX_VERSION = 2**31 - 1


class DeadLetterEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different in the copy; what is None is as it was."""

    body: str
    """A JSON object."""
    event_type: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    schema_version: Annotated[int, Meta(ge=1, le=MAX_VERSION)] | None = None


def edit_and_retry(
    dead_letter_id: int, edit: DeadLetterEdit, *, actor: str, reason: str
) -> tuple[DeadLetter, DeadLetterOperation]:
    """Have an edited copy of an open dead letter handled in its place; the copy, and the operation that retries it.

    The copy has an event id of its own and names the original in a header and in `edited_from`; the original keeps
    every byte and is handled no more.

    Raises:
        DeadLetterNotFound: there is none of that number.
        DeadLetterNotOpen: it was dealt with, or is being dealt with.
        InvalidEdit: the body is no JSON object, or does not fit the registered type; with a pointer.
        InvalidArgument: no such event type or schema version can be, or no such actor or reason could be kept.
    """
    check_decision(actor=actor, reason=reason)
    arguments.text("event_type", edit.event_type, least=1, most=255)
    arguments.number("schema_version", edit.schema_version, least=1, most=MAX_VERSION)
    with transaction.atomic():
        dead_letter = DeadLetter.objects.select_for_update(of=("self",)).filter(pk=dead_letter_id).first()
        if dead_letter is None:
            raise DeadLetterNotFound(dead_letter_id)
        if dead_letter.status != DeadLetter.Status.OPEN:
            raise DeadLetterNotOpen(dead_letter_id, dead_letter.status)
        copy = _copy(dead_letter, edit)
        copy.save(force_insert=True)
        DeadLetter.objects.filter(pk=dead_letter.pk).update(status=DeadLetter.Status.REPLACED)
        # Should the copy ever be seen on a topic, it has had its effect here.
        claim(copy.consumer, [copy.event_id])
        operation = retry_dead_letters(copy.pk, actor=actor, reason=reason)
    copy.refresh_from_db()
    log.info(
        "a dead letter was edited",
        dead_letter=dead_letter_id,
        copy=copy.pk,
        event_id=str(dead_letter.event_id),
        copy_event_id=str(copy.event_id),
        actor=actor,
        reason=reason,
    )
    return copy, operation


def _copy(dead_letter: DeadLetter, edit: DeadLetterEdit) -> DeadLetter:
    message = original(dead_letter)
    event_id = uuid7()
    changed = {"event_id": str(event_id).encode(), ORIGINAL: str(dead_letter.event_id).encode()}
    if edit.event_type is not None:
        changed["event_type"] = edit.event_type.encode()
    if edit.schema_version is not None:
        changed["schema_version"] = b"%d" % edit.schema_version
    headers = tuple((name, value) for name, value in message.headers if name not in changed) + tuple(changed.items())
    event_type = edit.event_type or event_type_of(message)
    if not event_type:
        raise InvalidEdit("the message names no event type: give it one", pointer="/event_type")
    _check_body(edit.body, event_type, _schema_version(dict(headers), event_type))
    return DeadLetter(
        consumer=dead_letter.consumer,
        event_id=event_id,
        event_type=event_type[:255],
        topic=dead_letter.topic,
        partition=dead_letter.partition,
        offset=dead_letter.offset,
        key=dead_letter.key,
        headers=headers_as_json(headers),
        body=edit.body.encode(),
        message_timestamp=dead_letter.message_timestamp,
        exception=dead_letter.exception,
        message=dead_letter.message,
        frame=dead_letter.frame,
        failure_group=dead_letter.failure_group,
        attempts=dead_letter.attempts,
        edited_from=dead_letter,
    )


def _schema_version(headers: dict[str, bytes | None], event_type: str) -> int:
    header, known = headers.get("schema_version") or b"", registry.named(event_type)
    if header.isdigit() and len(header) < 10:
        return int(header)
    return known.version if known else 1


def _check_body(body: str, event_type: str, schema_version: int) -> None:
    try:
        encoded = body.encode()
        if len(encoded) > MAX_MESSAGE_BYTES:
            raise InvalidEdit(f"larger than {MAX_MESSAGE_BYTES} bytes", pointer="/body")
        if not isinstance(loads_json(encoded), dict):
            raise InvalidEdit("must be a JSON object", pointer="/body")
        decode_payload(event_type, schema_version, encoded)
    except UnicodeEncodeError:
        raise InvalidEdit("half of a surrogate pair", pointer="/body") from None
    except (InvalidJSON, InvalidEvent) as error:
        raise InvalidEdit(f"{error.pointer or 'the whole'}: {error.reason}", pointer="/body") from error
