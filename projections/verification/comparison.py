"""Comparison: the first row and column at which tables and their shadows differ."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct

from projections.verification.shadow import Shadow


class Difference(Struct, frozen=True, kw_only=True):
    """The first place at which a table is not what the log says."""

    table: str
    key: str
    """The row's, as text; the columns of a key of several are joined by blanks."""
    column: str
    """Empty where one of the two has no such row."""
    stored: Any
    """As JSON; none where the row is missing."""
    folded: Any
    """What the log says."""

    def __str__(self) -> str:
        if self.column:
            return f"{self.table} {self.key}: {self.column} is {self.stored!r}, by the log {self.folded!r}"
        return f"{self.table} {self.key}: {'is not stored' if self.stored is None else 'no event speaks of it'}"


def first_difference(
    shadows: Collection[Shadow], *, keys: Collection[str] | None = None, beside: Collection[str] = ()
) -> Difference | None:
    """Where the tables differ first; None where they do not.

    With `keys`, only rows of these keys of the first table are compared; columns named in `beside` are not.
    """
    compared = list(shadows) if keys is None else list(shadows)[:1]
    return next(_differences(compared, None if keys is None else list(keys), list(beside)), None)


def _differences(shadows: Collection[Shadow], keys: list[str] | None, beside: list[str]) -> Iterator[Difference]:
    for shadow in shadows:
        for rows in shadow.run("first_difference", keys=keys, beside=beside):
            yield _difference(shadow, *map(_row, rows))


def _row(value: Any) -> dict[str, Any] | None:
    # As text where the connection does not decode JSON, as Django's does not.
    row: dict[str, Any] | None = json.loads(value) if isinstance(value, str) else value
    return row


def _difference(shadow: Shadow, stored: dict[str, Any] | None, folded: dict[str, Any] | None) -> Difference:
    key = shadow.key_of(stored or folded or {})
    if stored is None or folded is None:
        return Difference(table=shadow.table, key=key, column="", stored=stored, folded=folded)
    column = next(name for name in (*shadow.columns, *stored) if name in stored and stored[name] != folded[name])
    return Difference(table=shadow.table, key=key, column=column, stored=stored[column], folded=folded[column])
