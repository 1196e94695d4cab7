"""SQL statements of this service, one a file."""

from kit.sql import statements_of

statement = statements_of("nova.services.orders.sql")
