-- The shards that nobody owns at this moment.
-- namespace: int
-- shards:    how many there are
SELECT shard
FROM generate_series(0, %(shards)s - 1) AS shard
WHERE shard NOT IN (
    SELECT objid::int
    FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %(namespace)s::bigint::oid AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
