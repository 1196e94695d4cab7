-- Gives up shards of this session.
-- namespace: int
-- shards:    int[]
SELECT pg_advisory_unlock(%(namespace)s::int, shard) FROM unnest(%(shards)s::int[]) AS shard
