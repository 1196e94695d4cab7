"""SQL statements of this app, one a file."""

from events.envelope import ENVELOPE_COLUMNS
from events.sql.columns import FITTING, HEAD_COLUMNS, RESIDUAL, recorded_columns, typed_envelope
from kit.sql import columns, parameters, statements_of

statement = statements_of(
    "events.sql",
    # First, for it has places of the others.
    fitting=FITTING,
    envelope=columns(ENVELOPE_COLUMNS),
    envelope_parameters=parameters(ENVELOPE_COLUMNS),
    typed_envelope=typed_envelope(),
    recorded=recorded_columns(),
    head=columns(HEAD_COLUMNS),
    residual=RESIDUAL,
)
