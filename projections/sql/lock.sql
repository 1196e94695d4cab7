-- Take a projection's lock for the rest of the transaction, waiting for whoever holds it.
-- namespace: int; name: text
-- Result: one row without meaning
SELECT pg_advisory_xact_lock(%(namespace)s::int, hashtext(%(name)s::text))::text
