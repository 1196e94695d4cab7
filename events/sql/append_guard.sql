-- publish_append_guard(): each appending transaction publishes a lower bound of the positions that it may draw, as a
-- shared advisory lock (namespace 1853190753, low 31 bits of the log's last position). A reader that stays below every
-- bound in pg_locks misses nothing, see safe_position.sql. To be called before the first position is drawn.
--
-- One lock per transaction is enough, since its later positions are higher still. The transaction-local setting that
-- remembers it is taken back by a savepoint's rollback together with the lock. Before the first position of all, the
-- sequence has no last one.
--
-- One expression without a table, so that the planner puts it into the statement that calls it: a fifth of the cost of a
-- trigger that does the same.
CREATE OR REPLACE FUNCTION publish_append_guard() RETURNS text LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN current_setting('nova.append_guard', true) IS DISTINCT FROM 'held' THEN
    pg_advisory_xact_lock_shared(
        1853190753, (coalesce(pg_sequence_last_value('domain_events_position_seq'), 0) & 2147483647)::int
    )::text || set_config('nova.append_guard', 'held', true)
END
$$
