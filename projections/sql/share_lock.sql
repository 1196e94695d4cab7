-- Take a projection's lock for the rest of the transaction, beside others who apply events, after whoever operates on it.
-- namespace: int; name: text
-- Result: one row without meaning
SELECT pg_advisory_xact_lock_shared(%(namespace)s::int, hashtext(%(name)s::text))::text
