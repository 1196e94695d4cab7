-- Takes a lock until the end of the transaction, waiting for whoever has it.
-- key:    bigint
-- Result: one row without meaning
SELECT pg_advisory_xact_lock(%(key)s::bigint)::text
