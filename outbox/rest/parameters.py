"""What does a request ask for? Parameters and bodies as types, or an error that says where."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter
from msgspec import Meta, Struct

from outbox.dead_letters.selection import DeadLetterFilter
from outbox.exceptions import InvalidParameter, InvalidRequest

PAGE = 50
MAX_PAGE = 500
MAX_ID = 2**63 - 1
FILTERS = {
    "status": "Only letters in this state: `open`, `retrying`, `retried`, `discarded` or `replaced`",
    "failure_group": "Only failures of this group",
    "consumer": "Only letters of this consumer group",
    "event_type": "Only letters of this event type",
    "topic": "Only letters that came from this topic",
    "exception": "Only letters that this class of exception was raised for",
    "text": "Only letters with this in the exception's message, in any case",
    "since": "Only letters that failed last at this time or later",
    "until": "Only letters that failed last before this time",
    "archived": "`false` by default; `true` for archived ones, `any` for both",
}
_BodyT = TypeVar("_BodyT", bound=Struct)
_PLACE = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"[.\[]([^.\[\]]+)\]?")
Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class ReasonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a client wants it."""

    reason: Reason


def in_query(name: str, kind: type, description: str) -> OpenApiParameter:
    """A parameter's description in OpenAPI."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description)


LIMIT = in_query("limit", int, f"Most items of the page, from 1 to {MAX_PAGE}; {PAGE} by default")
AFTER = in_query("after", str, "`next` of the page before; the first page without it")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", UUID, OpenApiParameter.HEADER, description="Makes a repetition harmless; chosen by the client"
)


def only(query: Mapping[str, str], *known: str) -> None:
    """Raise `InvalidParameter` for a parameter that would be lost without a word."""
    for name in query:
        if name not in known:
            raise InvalidParameter(name, "is not known here; known are " + ", ".join(known or ("none",)))


def whole_number(query: Mapping[str, str], name: str, *, most: int, default: int | None = None) -> int | None:
    """A number from 1. Raises `InvalidParameter` for anything else."""
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise InvalidParameter(name, f"must be a whole number from 1 to {most}")
    return int(text)


def limit_of(query: Mapping[str, str]) -> int:
    """How many items a page shall have."""
    return whole_number(query, "limit", most=MAX_PAGE) or PAGE


def plain_text(query: Mapping[str, str], name: str) -> str | None:
    """A text, None when it is empty. Raises `InvalidParameter` for what no name can hold."""
    text = query.get(name, "")
    if "\0" in text or len(text) > 255:
        raise InvalidParameter(name, "must have at most 255 characters and no NUL")
    return text or None


def one_of(query: Mapping[str, str], name: str, *allowed: str) -> str | None:
    """A word, or None. Raises `InvalidParameter` for any other."""
    word = query.get(name)
    if word is not None and word not in allowed:
        raise InvalidParameter(name, f"must be one of {', '.join(allowed)}")
    return word


def dead_letter_filter(query: Mapping[str, str]) -> DeadLetterFilter:
    """Which dead letters are meant. Raises `InvalidParameter`."""
    said: dict[str, Any] = {name: plain_text(query, name) for name in FILTERS if name not in {"since", "until"}}
    said["since"], said["until"] = _timestamp(query, "since"), _timestamp(query, "until")
    said["archived"] = {"any": None, "true": True}.get(one_of(query, "archived", "false", "true", "any") or "", False)
    try:
        return msgspec.convert(said, DeadLetterFilter)
    except msgspec.ValidationError as error:
        reason, pointer = _explain(error)
        raise InvalidParameter(pointer.removeprefix("/") or "query", reason) from error


def idempotency_key(headers: Mapping[str, str]) -> UUID | None:
    """What makes a repetition harmless. Raises `InvalidParameter` for what is no UUID."""
    text = headers.get("Idempotency-Key")
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise InvalidParameter("Idempotency-Key", "must be a UUID") from None


def body_of(body: object, wanted: type[_BodyT]) -> _BodyT:
    """A request's body. Raises `InvalidRequest` with a pointer."""
    try:
        return msgspec.convert(body, wanted)
    except msgspec.ValidationError as error:
        reason, pointer = _explain(error)
        raise InvalidRequest(reason, pointer=pointer) from error


def _timestamp(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        time: datetime = msgspec.convert(text, Annotated[datetime, Meta(tz=True)])
        return time.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise InvalidParameter(name, "must be a time with an offset, such as 2025-01-15T10:30:00Z") from None


def _explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec complains about, and a JSON pointer to it; the place is only to be had from its message."""
    match = _PLACE.fullmatch(str(error))
    if match is None or match["path"] is None:
        return str(error), ""
    steps = (step.replace("~", "~0").replace("/", "~1") for step in _STEP.findall(match["path"]))
    return match["reason"], "".join(f"/{step}" for step in steps)
