"""SQL statements of this app, one a file."""

from events.envelope import ENVELOPE_COLUMNS
from kit.sql import columns, parameters, statements_of
from outbox.sql.rows import pending_columns

statement = statements_of(
    "outbox.sql",
    envelope=columns(ENVELOPE_COLUMNS),
    envelope_parameters=parameters(ENVELOPE_COLUMNS),
    pending=pending_columns(),
)
