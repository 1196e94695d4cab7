"""Many rows: one statement with many sets of parameters, sent together and prepared once."""

from collections.abc import Mapping
from typing import Any

from django.db import connection


class Statements:
    """Statements that are carried out together, each with all of its parameters, in the order of what they are about.

    Between rows of one statement the order is that of their keys, so that two transactions which write the same rows
    wait for each other instead of deadlocking; between statements it is that in which they were first added.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[tuple[str, ...], Mapping[str, Any]]]] = {}

    def add(self, statement: str, /, *key: str, **parameters: Any) -> None:
        """One more row, which is told from others by its key; of one key, what was added first comes first."""
        self._rows.setdefault(statement, []).append((key, parameters))

    def run(self) -> None:
        """Carry all of them out; nothing where there are none."""
        with connection.cursor() as cursor:
            for statement, rows in self._rows.items():
                ordered = [one for _, one in sorted(rows, key=lambda row: row[0])]
                if len(rows) == 1:
                    cursor.execute(statement, ordered[0])
                else:
                    cursor.executemany(statement, ordered)
        self._rows.clear()
