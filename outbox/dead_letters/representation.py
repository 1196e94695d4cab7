"""Dead letters as they are shown: over HTTP, and by the command."""

from base64 import b64encode
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Struct

from kit.json.schema import one_of
from outbox.models import DeadLetter

COMPUTED = {"archived", "edited_from"}


class DeadLetterSummary(Struct, frozen=True, kw_only=True):
    """A dead letter in a list."""

    id: int
    status: Annotated[str, one_of(DeadLetter.Status.values)]
    archived: bool
    consumer: str
    event_id: UUID
    event_type: str
    topic: str
    partition: int
    offset: int
    failure_group: str
    exception: str
    message: str
    frame: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    edited_from: int | None
    """The letter that this one is an edited copy of."""


class Content(Struct, frozen=True, kw_only=True):
    """Bytes: as text where they are text, else as base64."""

    text: str | None
    base64: str | None


class DeadLetterView(DeadLetterSummary, frozen=True, kw_only=True):
    """A dead letter with its message."""

    key: Content | None
    body: Content | None
    headers: list[tuple[str, str | dict[str, str] | None]]
    """Pairs of name and value; a value that is no text is `{"base64": …}`."""
    message_timestamp: int | None
    """Milliseconds since 1970 (UTC)."""
    edited_copy: int | None
    """The edited copy that is handled in this one's place."""
    dlq_published_at: datetime | None
    dlq_error: str | None


def dead_letter_summary(letter: DeadLetter) -> DeadLetterSummary:
    """A letter in a list; the message of its exception is cut."""
    return DeadLetterSummary(**_summary(letter) | {"message": letter.message[:300]})


def dead_letter_view(letter: DeadLetter) -> DeadLetterView:
    """A letter in full."""
    copy = DeadLetter.objects.filter(edited_from=letter).values_list("id", flat=True).first()
    return DeadLetterView(
        **_summary(letter),
        key=_content(letter.key),
        body=_content(letter.body),
        headers=[(name, value) for name, value in letter.headers],
        message_timestamp=letter.message_timestamp,
        edited_copy=copy,
        dlq_published_at=letter.dlq_published_at,
        dlq_error=letter.dlq_error,
    )


def _summary(letter: DeadLetter) -> dict[str, Any]:
    columns = {name: getattr(letter, name) for name in DeadLetterSummary.__struct_fields__ if name not in COMPUTED}
    return columns | {"archived": letter.archived_at is not None, "edited_from": letter.edited_from_id}


def _content(value: bytes | memoryview | None) -> Content | None:
    if value is None:
        return None
    with suppress(UnicodeDecodeError):
        return Content(text=bytes(value).decode(), base64=None)
    return Content(text=None, base64=b64encode(bytes(value)).decode())
