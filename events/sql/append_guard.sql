-- The append guard: each appending transaction publishes a lower bound of the positions that it may draw, as a shared
-- advisory lock (namespace 1853190753, low 31 bits of the log's last position). A reader that stays below every bound
-- in pg_locks misses nothing, see safe_position.sql.
--
-- One lock per transaction is enough, since its later positions are higher still. The transaction-local setting that
-- remembers it is taken back by a savepoint's rollback together with the lock.
--
-- A trigger and not a line of append_events: it runs before the statement draws its first position, whatever the client.
CREATE OR REPLACE FUNCTION publish_append_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    lower_bound bigint;
BEGIN
    IF current_setting('nova.append_guard', true) IS DISTINCT FROM 'held' THEN
        SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END INTO lower_bound FROM domain_events_position_seq;
        PERFORM pg_advisory_xact_lock_shared(1853190753, (lower_bound & 2147483647)::int);
        PERFORM set_config('nova.append_guard', 'held', true);
    END IF;
    RETURN NULL;
END
$$;
