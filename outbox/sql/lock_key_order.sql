-- Keeps everybody else out of a key order until the end of the transaction, waiting for those who share it.
-- namespace: int
-- key_order: text
-- Result:    one row without meaning
SELECT pg_advisory_xact_lock(%(namespace)s::int, hashtext(%(key_order)s::text))::text
