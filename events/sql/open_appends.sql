-- The transactions that hold the safe position back: who appends, since when, from which position on.
-- Result: (pid, lower bound modulo 2^31, application_name, state, seconds since its transaction began), oldest first
SELECT l.pid, l.objid::bigint, a.application_name, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::float8
FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = 1853190753
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY a.xact_start
