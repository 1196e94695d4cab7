"""Pooler mode: a pooler that lends one server session to several clients is recognised, and refused.

Locks of a session, its settings and its prepared statements are then others' too: whoever holds a relay's shards would
not know it. In its session mode (pgbouncer's `pool_mode = session`) a pooler is as good as none.
"""

from typing import Any

import psycopg
from psycopg import sql

ADVICE = "Use the server's own address, or a pooler in session mode (pgbouncer: pool_mode = session)."
# Rounds in which a session that is lent out is likely to be met again.
ROUNDS = 5
_BACKEND = sql.SQL("SELECT pg_backend_pid()")
# Addresses behind which sessions are kept, though somebody stands in between.
_kept: set[str] = set()


class SessionNotKept(psycopg.OperationalError):
    """A pooler gives the session to others between two transactions."""

    def __init__(self) -> None:
        super().__init__(f"a pooler in front of the database gives sessions to several clients at once. {ADVICE}")


def require_kept(session: psycopg.Connection[Any]) -> None:
    """Raise `SessionNotKept`, and close the session, where it is not its client's until that closes it.

    To be called outside a transaction. Where nobody stands in between, it takes one round trip: the server's process is
    the one that the client was told of when it connected.
    """
    if _backend(session) == session.info.backend_pid or session.info.dsn in _kept:
        return
    if _is_lent(session):
        session.close()
        raise SessionNotKept
    _kept.add(session.info.dsn)


def _is_lent(session: psycopg.Connection[Any]) -> bool:
    """Whether this client has met a second server session, or another client has met this one's."""
    with psycopg.connect(session.info.dsn, password=session.info.password, prepare_threshold=None) as other:
        for _ in range(ROUNDS):
            own = {_backend(session), _backend(session)}
            if len(own) > 1 or _backend(other) in own:
                return True
    return False


def _backend(session: psycopg.Connection[Any]) -> int:
    """The process at the server that has answered, in a transaction of its own."""
    found = session.execute(_BACKEND, prepare=False).fetchone()
    session.rollback()
    return int(found[0]) if found else 0
