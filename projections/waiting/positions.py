"""Seen position: up to where a read model has the log, as its tables and their checkpoint say together.

Those who wait in one process share their looks: however many they are, the database is asked a few times a second.
"""

import math
import threading
import time

from django.db import connections

from projections.sql.statements import statement

SHARED_FOR = 0.05
"""Seconds for which a look serves all who wait."""


def seen_position(name: str, *, using: str = "default") -> int:
    """Every event of the log up to here is in the projection's tables, without what is parked or skipped.

    Of a replica it is the position of what that one has. Ask it before the tables, which have that much then, or more.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(statement("position"), {"name": name})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


class SharedLooks:
    """What a look at all projections has found, for whoever asks again within `SHARED_FOR`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self._positions: dict[str, int] = {}

    def position(self, name: str) -> int:
        """How far the projection was a moment ago. It may have been moved back since: ask `seen_position` as well."""
        with self._lock:
            began = time.monotonic()
            if began - self._looked_at > SHARED_FOR:
                with connections["default"].cursor() as cursor:
                    cursor.execute(statement("positions"))
                    self._positions = dict(cursor.fetchall())
                self._looked_at = began
            return self._positions.get(name, 0)


shared_looks = SharedLooks()
"""Those of this process."""
