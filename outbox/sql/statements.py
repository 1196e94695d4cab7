"""SQL statements of this app, one a file."""

from events.envelope import ENVELOPE_COLUMNS
from kit.sql import columns, parameters, statements_of

statement = statements_of(
    "outbox.sql", envelope=columns(ENVELOPE_COLUMNS), envelope_parameters=parameters(ENVELOPE_COLUMNS)
)
