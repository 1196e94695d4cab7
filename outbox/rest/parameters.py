"""Request bodies of the outbox's views as types, and what its query parameters have in common."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from kit.json.pointer import explain
from kit.rest.query import Text
from outbox.exceptions import InvalidRequest

_BodyT = TypeVar("_BodyT", bound=Struct)
Name = Annotated[Text, Meta(max_length=255)]


def body_of(body: object, wanted: type[_BodyT]) -> _BodyT:
    """A request's body. Raises `InvalidRequest` with a pointer."""
    try:
        return msgspec.convert(body, wanted)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidRequest(reason, pointer=pointer) from error
