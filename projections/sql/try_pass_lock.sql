-- Take a projection's lock for the rest of the transaction beside others who apply events, and that of a worker's pass
-- alone, if nobody operates on the projection or is at such a pass.
-- namespace: int; name, part: text
-- Result: one row (taken boolean)
SELECT pg_try_advisory_xact_lock_shared(%(namespace)s::int, hashtext(%(name)s::text))
    AND pg_try_advisory_xact_lock(%(namespace)s::int, hashtext(%(part)s::text))
