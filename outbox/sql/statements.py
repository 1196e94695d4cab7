"""SQL statements of this app, one a file."""

from events.envelope import ENVELOPE_COLUMNS
from kit.sql import columns, parameters, statements_of
from outbox.sql.rows import pending_columns, taken_columns

ROUTED = tuple(name for name in ENVELOPE_COLUMNS if name != "metadata")
"""The columns of the envelope that every row has, whatever it leaves to the log."""

statement = statements_of(
    "outbox.sql",
    routed=columns(ROUTED),
    routed_parameters=parameters(ROUTED),
    pending=pending_columns(),
    taken=taken_columns(),
)
