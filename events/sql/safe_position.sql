-- safe_position(is_own_visible): up to where the log can be read without missing an event that commits later. With
-- is_own_visible, up to where this very session can, which sees the rows of its own open transaction (docs/adr/0001).
--
-- The order of the two statements matters: an appender that the second one does not see takes its lock after the first
-- has read the sequence, so all that it draws is above the result; one that has released its lock has committed, so a
-- later statement of the reader (READ COMMITTED) sees its rows. Read on the primary.
--
-- A sequence behind its rows would hide what comes next from every follower, so it is an error. The first statement
-- reads the sequence after its snapshot was taken, so what it sees was drawn: a sound log is never taken for such a one.
CREATE OR REPLACE FUNCTION safe_position(is_own_visible boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    last_position bigint;
    highest_position bigint;
    lower_bound bigint;
BEGIN
    SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END, (SELECT max(position) FROM domain_events)
        INTO last_position, highest_position
        FROM domain_events_position_seq;
    IF highest_position > last_position THEN
        RAISE EXCEPTION 'the next position of the log is %, and its events go up to %', last_position + 1, highest_position
            USING ERRCODE = 'NV002', TABLE = 'domain_events', HINT = 'Run manage.py repair_sequences.';
    END IF;
    -- Distances are modulo 2^31. One in the upper half belongs to an appender that came after the first statement, so
    -- its bound is above the last position. A prepared transaction is nobody's own: it has no pid.
    SELECT min(CASE WHEN distance < 1073741824 THEN last_position - distance ELSE last_position END) INTO lower_bound
    FROM (
        SELECT (last_position - objid::bigint) & 2147483647 AS distance
        FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 1853190753
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND NOT (is_own_visible AND pid IS NOT DISTINCT FROM pg_backend_pid())
    ) AS guards;
    RETURN least(lower_bound, last_position);
END
$$;
