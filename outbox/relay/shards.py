"""Shard ownership: a relay publishes the rows of the shards whose advisory locks its session holds (invariant I11).

The locks vanish with the connection, so the shards of a dead relay are free at once. They need a connection that stays
with its client: a pooler that hands out sessions per transaction is refused (`kit.postgresql.poolers`).
"""

import random
from math import ceil

from django.db.backends.base.base import BaseDatabaseWrapper

from outbox.recorder import SHARDS
from outbox.sql.statements import statement

# Namespaces of the two-key advisory locks: who is alive, and who owns what.
RELAYS = 1_853_190_754
OWNED = 1_853_190_755


class ShardOwner:
    """The shards that one connection owns. Its reads and its completions go through the same connection."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        """`connection` is this owner's own and is lost together with the shards."""
        self._connection = connection
        self._owned: set[int] = set()
        self._joined = False

    @property
    def owned(self) -> list[int]:
        """The shards owned now, sorted."""
        return sorted(self._owned)

    def join(self) -> None:
        """Count as a relay from now on."""
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(%s, 0)", [RELAYS])
        self._joined = True

    def rebalance(self) -> None:
        """Take free shards up to a fair share, and give up what is above it. Between two passes only."""
        relays, free = self._ownership()
        fair = ceil(SHARDS / max(1, relays))
        if surplus := self.owned[fair:]:
            self._give_up(surplus)
        elif free and len(self._owned) < fair:
            self._take(free, fair - len(self._owned))

    def take_free(self, limit: int = SHARDS) -> None:
        """Take shards that nobody owns."""
        _, free = self._ownership()
        self._take(free, limit)

    def _take(self, free: list[int], limit: int) -> None:
        # At random, so that relays that start together do not all try the same ones.
        random.shuffle(free)
        if chosen := free[:limit]:
            with self._connection.cursor() as cursor:
                cursor.execute(statement("lock_shards"), {"namespace": OWNED, "shards": chosen})
                self._owned.update(shard for (shard,) in cursor.fetchall())

    def _give_up(self, shards: list[int]) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement("unlock_shards"), {"namespace": OWNED, "shards": shards})
        self._owned.difference_update(shards)

    def _ownership(self) -> tuple[int, list[int]]:
        """How many relays are alive, and which shards nobody owns."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement("ownership"), {"relays": RELAYS, "owned": OWNED, "shards": SHARDS})
            relays, free = cursor.fetchone()
            return int(relays), list(free)
