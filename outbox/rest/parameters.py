"""Query parameters and headers of the outbox's views, and request bodies as types."""

from collections.abc import Mapping
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter
from msgspec import Meta, Struct

from kit.exceptions import InvalidParameter
from kit.json.pointer import explain
from kit.rest.query import Query, Text
from outbox.dead_letters.selection import MAX_ID
from outbox.exceptions import InvalidRequest

PAGE = 50
MAX_PAGE = 500
_BodyT = TypeVar("_BodyT", bound=Struct)
Name = Annotated[Text, Meta(max_length=255)]
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", UUID, OpenApiParameter.HEADER, description="Makes a repetition harmless; chosen by the client"
)


class Limited(Query, frozen=True, kw_only=True):
    """How long a page may be."""

    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_PAGE, description=f"Most items of the page, from 1 to {MAX_PAGE}; {PAGE} by default"),
    ] = PAGE


class Paged(Limited, frozen=True, kw_only=True):
    """Which page of what is listed by number, newest first."""

    after: Annotated[
        Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}$")] | None,
        Meta(description="`next` of the page before; the first page without it"),
    ] = None

    @property
    def below(self) -> int:
        """The number that all of the page are below."""
        return MAX_ID if self.after is None else int(self.after)


def idempotency_key(headers: Mapping[str, str]) -> UUID | None:
    """What makes a repetition harmless. Raises `InvalidParameter` for what is no UUID."""
    text = headers.get("Idempotency-Key")
    try:
        return None if text is None else msgspec.convert(text, UUID)
    except msgspec.ValidationError:
        raise InvalidParameter("Idempotency-Key", "must be a UUID") from None


def body_of(body: object, wanted: type[_BodyT]) -> _BodyT:
    """A request's body. Raises `InvalidRequest` with a pointer."""
    try:
        return msgspec.convert(body, wanted)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidRequest(reason, pointer=pointer) from error
