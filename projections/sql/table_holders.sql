-- Who uses tables at this moment, in other sessions.
-- tables: text[]
-- Result: rows (pid integer, application text, seconds since its transaction began)
SELECT DISTINCT pid, application_name, extract(epoch FROM clock_timestamp() - xact_start)::double precision
FROM pg_locks
JOIN pg_stat_activity USING (pid)
WHERE locktype = 'relation' AND granted AND pid <> pg_backend_pid()
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND relation IN (SELECT to_regclass(quote_ident(name)) FROM unnest(%(tables)s::text[]) AS named (name))
ORDER BY 3 DESC
