-- Takes the shards that are still free among those asked for; the locks belong to the session.
-- namespace: int
-- shards:    int[]
-- Result:    the shards taken
SELECT shard FROM unnest(%(shards)s::int[]) AS shard WHERE pg_try_advisory_lock(%(namespace)s::int, shard)
