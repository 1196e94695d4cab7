-- Take a projection's lock for the rest of the transaction, if nobody holds it.
-- namespace: int; name: text
-- Result: one row (taken boolean)
SELECT pg_try_advisory_xact_lock(%(namespace)s::int, hashtext(%(name)s::text))
