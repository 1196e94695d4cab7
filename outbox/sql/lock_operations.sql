-- Takes the operations that nobody works on among those asked for; the locks belong to the session.
-- namespace:  int
-- operations: bigint[]
-- Result:     the operations taken
SELECT operation FROM unnest(%(operations)s::bigint[]) AS operation
WHERE pg_try_advisory_lock(%(namespace)s::int, (operation & 2147483647)::int)
