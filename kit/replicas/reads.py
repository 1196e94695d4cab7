"""Reads from replicas: a query that may be a little old is answered by a read replica that is fresh enough.

    users = from_replica(lambda source: list_users(using=source.alias))

Whoever asks says so, query by query; everything else is the primary's. What decides something, fills a cache or is to
be seen by whoever has just written it belongs there.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import psycopg
from django.db import connections
from msgspec import Struct

from kit.outages import is_outage
from kit.postgresql.sessions import TryAgain, is_on_standby
from kit.replicas.conf import PRIMARY, replica_aliases, replicas_conf
from kit.replicas.metrics import FAILOVERS, READS
from kit.replicas.standing import Standing
from kit.replicas.watch import Watch

AnswerT = TypeVar("AnswerT")


class Source(Struct, frozen=True, kw_only=True):
    """The database that a query is to ask."""

    alias: str
    safe_position: int | None
    """On a replica, up to where it has all of the event log, as the primary has said; None on the primary itself."""


class NotAReplica(TryAgain):
    """The server answered after it was promoted: nobody knows what it lacks by now. Its answer is thrown away."""


_PRIMARY = Source(alias=PRIMARY, safe_position=None)
_lock = threading.RLock()
_process_watch: tuple[int, Watch] | None = None
_safe_position: Callable[[], int] = int


def set_safe_position(ask: Callable[[], int]) -> None:
    """Say how the primary is asked up to where the event log can be read."""
    global _safe_position  # noqa: PLW0603 - told once, when the apps are loaded
    _safe_position = ask


def from_replica(
    query: Callable[[Source], AnswerT], *, max_staleness: float | None = None, position: int = 0
) -> AnswerT:
    """What the query answers, asked of a replica, or of the primary where none is fit, or this one fails to answer.

    The query reads, through the connection of its source alone, and may be run twice. `max_staleness` are the seconds
    that the answer may be behind the primary, those of the settings at most; `position` is the event of the log that it
    must know at least. In a transaction on the primary, that one answers.
    """
    aliases = replica_aliases()
    if not aliases or connections[PRIMARY].in_atomic_block:
        return query(_PRIMARY)
    bound = replicas_conf().max_staleness
    watching = watch(aliases)
    chosen = watching.choose(
        max_staleness=bound if max_staleness is None else min(bound, max_staleness), position=position
    )
    if chosen is not None:
        alias, standing = chosen
        try:
            answer = query(Source(alias=alias, safe_position=standing.safe_position))
            _require_replica(alias)
        except Exception as error:
            if not is_outage(error):
                raise
            connections[alias].close()
            watching.failed(alias, f"does not answer ({type(error).__name__})")
            FAILOVERS.labels(alias).inc()
        else:
            READS.labels(alias).inc()
            return answer
    READS.labels(PRIMARY).inc()
    return query(_PRIMARY)


def standings(*, within: float = 0.0) -> Mapping[str, Standing]:
    """What this process knows of each replica; for so many seconds, its first look at each is waited for."""
    aliases = replica_aliases()
    return watch(aliases).standings(within=within) if aliases else {}


def replica_states(*, within: float = 0.0) -> Mapping[str, str]:
    """`ok` for each replica that queries are sent to, or why they are not, in a few words; see `standings`."""
    found, now, bound = standings(within=within), time.monotonic(), replicas_conf().max_staleness
    return {alias: standing.state(now, max_staleness=bound) for alias, standing in found.items()}


def watch(aliases: tuple[str, ...]) -> Watch:
    """The process's watch over these replicas, which begins with the first who asks."""
    global _process_watch  # noqa: PLW0603 - threads do not outlive a fork, so each process has one of its own
    with _lock:
        found = _process_watch
        if found is not None and found[0] == os.getpid() and found[1].replicas == aliases:
            return found[1]
        end_watch()
        watching = Watch(aliases, safe_position=_safe_position)
        watching.start()
        _process_watch = os.getpid(), watching
        return watching


def end_watch() -> None:
    """Look at replicas no more, until somebody asks again."""
    global _process_watch  # noqa: PLW0603 - see `watch`
    with _lock:
        if _process_watch is not None and _process_watch[0] == os.getpid():
            _process_watch[1].stop()
        _process_watch = None


def _require_replica(alias: str) -> None:
    """Raise `NotAReplica` where the server said with its answer that it follows no other one any more."""
    session: psycopg.Connection[object] | None = connections[alias].connection
    if session is not None and not is_on_standby(session):
        raise NotAReplica("the database server was promoted")
