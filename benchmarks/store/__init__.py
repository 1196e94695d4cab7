"""Store: appends, streams, the log and aggregates, beside plain psycopg."""
