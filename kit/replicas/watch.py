"""Watch: threads of a process that look at the primary and its replicas, so that no query has to.

Each server has a thread and a connection of its own, outside every pool: one that hangs holds up no other one.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle

from django.db import connections

from kit.outage_log import outage_log
from kit.postgresql.connections import use_own_connection
from kit.replicas.conf import PRIMARY
from kit.replicas.standing import POLL_INTERVAL, PrimarySample, ReplicaSample, Samples, Standing

_PRIMARY_SAMPLE = """
SELECT system_identifier || ' ' || substr(pg_walfile_name(wal), 1, 8), wal - '0/0'
  FROM pg_current_wal_insert_lsn() AS wal, pg_control_system()
"""
_REPLICA_SAMPLE = """
SELECT system_identifier::text,
       pg_is_in_recovery(),
       coalesce(pg_last_wal_replay_lsn() - '0/0', 0),
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8
  FROM pg_control_system()
"""


class Watch:
    """What a process knows of the replicas; nothing until it was started."""

    def __init__(self, replicas: Sequence[str], *, safe_position: Callable[[], int]) -> None:
        """`replicas` are aliases of databases; `safe_position` asks the primary how far the event log can be read."""
        self.replicas = tuple(replicas)
        self._safe_position = safe_position
        self._samples = Samples()
        self._standings = dict.fromkeys(self.replicas, Standing())
        self._seen = {alias: threading.Event() for alias in self.replicas}
        self._lock = threading.Lock()
        self._turns = cycle(range(len(self.replicas)))
        self._stopped = threading.Event()
        looks = {PRIMARY: self._look_at_primary} | {alias: partial(self._look_at, alias) for alias in self.replicas}
        self._threads = [
            threading.Thread(target=self._run, args=(alias, look), name=f"watch-{alias}", daemon=True)
            for alias, look in looks.items()
        ]

    def start(self) -> None:
        """Look at all servers every `POLL_INTERVAL` seconds from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Look no more; the connections are closed when this returns."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def standings(self, *, within: float = 0.0) -> Mapping[str, Standing]:
        """What is known of each replica; for so many seconds, the first look at each is waited for."""
        until = time.monotonic() + within
        for seen in self._seen.values():
            seen.wait(max(0.0, until - time.monotonic()))
        return dict(self._standings)

    def choose(self, *, max_staleness: float, position: int = 0) -> tuple[str, Standing] | None:
        """A replica that is fit for a query, each in its turn; None where there is none."""
        now = time.monotonic()
        first = next(self._turns)
        for alias in self.replicas[first:] + self.replicas[:first]:
            standing = self._standings[alias]
            if standing.is_fit(now, max_staleness=max_staleness, position=position):
                return alias, standing
        return None

    def failed(self, alias: str, reason: str) -> None:
        """A query was not answered by this replica: it is not asked until a later look finds nothing wrong."""
        self._set(alias, Standing(trouble=reason, looked_at=time.monotonic()))

    def _look_at_primary(self) -> None:
        began = time.monotonic()
        # In this order: what is in the log up to there is in the write-ahead log that is looked at afterwards.
        safe_position = self._safe_position()
        with connections[PRIMARY].cursor() as cursor:
            cursor.execute(_PRIMARY_SAMPLE)
            history, wal = cursor.fetchone()
        self._samples.add(PrimarySample(at=began, history=history, wal=int(wal), safe_position=safe_position))
        outage_log("database").found()

    def _look_at(self, alias: str) -> None:
        began = time.monotonic()
        with connections[alias].cursor() as cursor:
            cursor.execute(_REPLICA_SAMPLE)
            cluster, is_standby, replayed, silent_for = cursor.fetchone()
        look = ReplicaSample(
            at=began, cluster=cluster, is_standby=is_standby, replayed=int(replayed), silent_for=silent_for
        )
        self._set(alias, self._samples.standing(look))

    def _set(self, alias: str, standing: Standing) -> None:
        with self._lock:
            # A look that began before a query failed says nothing about what comes after it.
            if standing.looked_at < self._standings[alias].looked_at:
                return
            self._standings[alias] = standing
        if standing.trouble:
            outage_log(alias).lost(standing.trouble, instead="queries are answered by the primary")
        else:
            outage_log(alias).found()
        self._seen[alias].set()

    def _run(self, alias: str, look: Callable[[], None]) -> None:
        use_own_connection(alias)
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                look()
            except Exception as error:  # noqa: BLE001 - whatever it is, queries go elsewhere and the next look may succeed
                connections[alias].close()
                self._missed(alias, error, began)
            self._stopped.wait(POLL_INTERVAL)
        connections[alias].close()

    def _missed(self, alias: str, error: Exception, began: float) -> None:
        if alias == PRIMARY:
            outage_log("database").lost(error, instead="replicas are not asked")
        else:
            self._set(alias, Standing(trouble=f"does not answer ({type(error).__name__})", looked_at=began))
