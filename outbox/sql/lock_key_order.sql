-- Keeps everybody else out of a lane until the end of the transaction, waiting for those who share it.
-- namespace: int
-- lane:      text
-- Result:    one row without meaning
SELECT pg_advisory_xact_lock(%(namespace)s::int, hashtext(%(lane)s::text))::text
