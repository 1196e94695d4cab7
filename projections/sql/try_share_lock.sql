-- Share a projection's lock for the rest of the transaction, if nobody has it alone.
-- namespace: int; name: text
-- Result: one row (shared boolean)
SELECT pg_try_advisory_xact_lock_shared(%(namespace)s::int, hashtext(%(name)s::text))
