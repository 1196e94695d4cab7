"""Argument check: what a caller hands in is looked at before anything is sent to a server.

The database would refuse the same, with an error of its own and at the price of the caller's open transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from kit.exceptions import InvalidParameter
from kit.json.pointer import explain

MAX_BIGINT = 2**63 - 1
MAX_REASON = 500
"""Characters of what an operator says about a decision: in the console, over REST, on the command line, in Python."""


class Arguments(Struct, frozen=True):
    """Checks that raise an app's own error. An argument that is None was left out, and passes."""

    error: type[InvalidParameter]

    def number(self, name: str, value: float | None, *, least: float = 0, most: float = MAX_BIGINT) -> None:
        """Raise unless it lies within the bounds; a whole number where the lower one is."""
        if value is None:
            return
        if not isinstance(value, int if isinstance(least, int) else int | float) or not least <= value <= most:
            raise self.error(name, f"must be a number from {least} to {most}, not {value!r}")

    def limit(self, value: int | None, *, name: str = "limit", most: int = MAX_BIGINT) -> None:
        """Raise unless so many things can be asked for: one or more."""
        self.number(name, value, least=1, most=most)

    def text(self, name: str, value: str | None, *, least: int = 0, most: int | None = None) -> None:
        """Raise unless it is a text that PostgreSQL can have (Unicode without NUL) of so many characters."""
        if value is None:
            return
        if not isinstance(value, str):
            raise self.error(name, f"must be a text, not {value!r}")
        if not is_storable(value):
            raise self.error(name, "must be Unicode without NUL")
        if len(value) < least or (most is not None and len(value) > most):
            raise self.error(name, f"must have {least} to {most} characters, not {len(value)}")

    def texts(self, name: str, values: Iterable[str] | None) -> None:
        """Raise unless each is a text that PostgreSQL can have; a text alone is no collection of them."""
        if isinstance(values, str):
            raise self.error(name, f"must be a collection of texts, not the text {values!r}")
        for value in values or ():
            self.text(name, value)

    def uuid(self, name: str, value: UUID | str | None) -> None:
        """Raise unless it is a UUID, or the text of one."""
        if value is None or isinstance(value, UUID):
            return
        try:
            UUID(value)
        except (ValueError, AttributeError, TypeError):
            raise self.error(name, f"must be a UUID, not {value!r}") from None

    def fields(self, value: Struct) -> None:
        """Raise unless the fields of a struct that code has made are what its annotations say."""
        try:
            msgspec.convert(msgspec.to_builtins(value), type(value))
        except msgspec.ValidationError as error:
            reason, pointer = explain(error)
            raise self.error(pointer.removeprefix("/"), reason) from None
        for name in value.__struct_fields__:
            if isinstance(text := getattr(value, name), str):
                self.text(name, text)

    def time(self, name: str, value: datetime | None) -> None:
        """Raise unless it is a time with an offset; what it means without one depends on where it is read."""
        if value is None:
            return
        if not isinstance(value, datetime) or value.utcoffset() is None:
            raise self.error(name, f"must be a time with an offset, not {value!r}")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can have the text: it takes no NUL, and UTF-8 no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
