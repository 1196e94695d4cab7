"""Request bodies of sagas' views as types."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from kit.json.pointer import explain
from sagas.exceptions import InvalidData

_BodyT = TypeVar("_BodyT", bound=Struct)


def body_of(body: object, wanted: type[_BodyT]) -> _BodyT:
    """A request's body. Raises `InvalidData` with a pointer."""
    try:
        return msgspec.convert(body, wanted)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidData(reason, pointer=pointer) from error
