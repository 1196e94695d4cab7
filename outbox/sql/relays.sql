-- How many relays are alive: each holds a shared advisory lock, which goes with its connection.
-- namespace: int
SELECT count(*)
FROM pg_locks
WHERE locktype = 'advisory' AND classid = %(namespace)s::bigint::oid AND objid = 0 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
