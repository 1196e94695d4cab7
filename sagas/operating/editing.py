"""Editing of an instance's data: what can be its data, and what would be different, before it takes effect."""

from typing import Any

import msgspec
from msgspec import Struct

from events.api import differences
from kit.json.pointer import explain
from sagas.definition.saga import Saga
from sagas.exceptions import InvalidData


class DataChange(Struct, frozen=True, kw_only=True):
    """A field of the data that would be another."""

    pointer: str
    """JSON pointer (RFC 6901)."""
    old: Any = None
    new: Any = None


def data_of(saga: Saga, data: dict[str, Any]) -> Struct:
    """Data that an instance of the saga can have. Raises `InvalidData` with a pointer."""
    try:
        checked: Struct = msgspec.convert(data, saga.data)
    except msgspec.ValidationError as error:
        reason, pointer = explain(error)
        raise InvalidData(reason, pointer=pointer) from error
    return checked


def changes_of(saga: Saga, before: Any, data: dict[str, Any]) -> list[DataChange]:
    """What would be different if these were the data of an instance that has those before. Raises `InvalidData`."""
    old = msgspec.convert(before, saga.data)
    return [DataChange(pointer=one.pointer, old=one.old, new=one.new) for one in differences(old, data_of(saga, data))]
