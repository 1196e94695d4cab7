"""SQL statements of this app, one a file."""

from kit.sql import columns, statements_of
from sagas.sql.columns import INSTANCE

statement = statements_of("sagas.sql", instance=columns(INSTANCE))
