-- Shares lanes with others until the end of the transaction, waiting for those who keep one to themselves.
-- namespace: int
-- lanes:     text[]
-- Result:    rows without meaning
SELECT pg_advisory_xact_lock_shared(%(namespace)s::int, hashtext(lane))::text FROM unnest(%(lanes)s::text[]) AS lane
