"""SQL statements of this app, one a file."""

from kit.sql import statements_of

statement = statements_of("projections.sql")
