"""Masking: a history says something else where it speaks of people, and is replayed all the same."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sagas.definition.saga import Saga
from sagas.exceptions import CannotRecord
from sagas.histories.history import History
from sagas.histories.replay import first_difference


def masked(saga: Saga, history: History, texts: Mapping[str, str]) -> History:
    """The history with these texts replaced by others wherever they stand; `saga` is what has led to it.

    Raises `CannotRecord` where it would not be replayed then, as with another key, from which all ids follow.
    """
    changed = msgspec.convert(_replaced(msgspec.to_builtins(history), texts), History)
    if difference := first_difference(saga, changed):
        raise CannotRecord(f"with these texts replaced, it would not be replayed: {difference}")
    return changed


def _replaced(value: Any, texts: Mapping[str, str]) -> Any:
    match value:
        case str():
            for old, new in texts.items():
                value = value.replace(old, new)
            return value
        case dict():
            return {name: _replaced(one, texts) for name, one in value.items()}
        case list() | tuple():
            return [_replaced(one, texts) for one in value]
        case _:
            return value
