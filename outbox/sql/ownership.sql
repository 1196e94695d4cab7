-- Who is there and what is free at this moment; locks go with the connections that hold them.
-- relays: int, namespace of the lock that each relay shares
-- owned:  int, namespace of the locks on shards
-- shards: how many there are
-- Result: (number of relays alive, the shards that nobody owns)
WITH held AS MATERIALIZED (
    SELECT classid::bigint AS namespace, objid::int AS shard
    FROM pg_locks
    WHERE locktype = 'advisory' AND classid IN (%(relays)s::bigint::oid, %(owned)s::bigint::oid) AND objsubid = 2
        AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT
    (SELECT count(*) FROM held WHERE namespace = %(relays)s),
    ARRAY(
        SELECT shard
        FROM generate_series(0, %(shards)s - 1) AS shard
        WHERE shard NOT IN (SELECT shard FROM held WHERE namespace = %(owned)s)
    )
