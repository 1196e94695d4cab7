-- Takes a lock until the end of the transaction, unless somebody else has it.
-- key:    bigint
-- Result: whether it was taken
SELECT pg_try_advisory_xact_lock(%(key)s::bigint)
