"""Safe position: up to where the log can be read without missing an event that commits later.

Positions are drawn before commits, and transactions commit in another order than they draw. The safe position stays
below every position that an open transaction may still fill; the reasoning stands in `sql/safe_position.sql`.
"""

from datetime import timedelta

from msgspec import Struct
from psycopg.pq import TransactionStatus

from events.exceptions import StaleSnapshot
from events.sql.statements import statement
from events.store.connection import live_cursor
from kit.postgresql.sessions import require_primary

READ_COMMITTED = "read committed"
OUTSIDE = TransactionStatus.IDLE


class OpenAppend(Struct, frozen=True, kw_only=True):
    """A transaction that has appended and not yet ended; the log cannot be read beyond its first position."""

    pid: int | None
    """The server process, for `pg_terminate_backend`; `None` for a prepared transaction."""
    application: str | None
    state: str | None
    age: timedelta | None


def safe_position(*, using: str = "default", read_elsewhere: bool = False) -> int:
    """The position up to which every event is visible to the next statement of any session, or will never exist.

    Raises `SequenceBehind` while what is appended next would come to stand before older events; `StaleSnapshot` inside
    a transaction whose next statement sees no more than its first, unless the events are `read_elsewhere`, in a
    transaction that begins later; and `Unavailable` on a standby, which does not know what is open on its primary.
    """
    return _safe_position(using, is_own_visible=False, read_elsewhere=read_elsewhere)


def readable_position(*, using: str = "default") -> int:
    """The position up to which every event is visible to the next statement of this session, or will never exist.

    It differs from `safe_position` in a transaction that has appended: that one sees its own events, nobody else does.
    So it is for reading through this very connection. Raises what `safe_position` does.
    """
    return _safe_position(using, is_own_visible=True, read_elsewhere=False)


def last_position(*, using: str = "default") -> int:
    """The last position that was drawn, be its transaction committed, open or rolled back."""
    with live_cursor(using) as cursor:
        row = cursor.execute(statement("last_position")).fetchone()
    return int(row[0]) if row else 0


def open_appends(*, using: str = "default") -> list[OpenAppend]:
    """Who holds the safe position back, oldest first."""
    with live_cursor(using) as cursor:
        rows = cursor.execute(statement("open_appends")).fetchall()
    return [
        OpenAppend(
            pid=pid,
            application=application,
            state=state,
            age=None if seconds is None else timedelta(seconds=seconds),
        )
        for pid, _, application, state, seconds in rows
    ]


def _safe_position(using: str, *, is_own_visible: bool, read_elsewhere: bool) -> int:
    with live_cursor(using) as cursor:
        row = cursor.execute(statement("read_safe_position"), {"is_own_visible": is_own_visible}).fetchone()
        session = cursor.connection
        require_primary(session)
    position, isolation = row or (0, READ_COMMITTED)
    # Outside a transaction, each statement is one.
    if isolation != READ_COMMITTED and not read_elsewhere and session.info.transaction_status != OUTSIDE:
        raise StaleSnapshot(isolation)
    return int(position)
