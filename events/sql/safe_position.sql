-- safe_position(): up to where the log can be read without missing an event that commits later.
--
-- The order of the two statements matters: an appender that the second one does not see takes its lock after the first
-- has read the sequence, so all that it draws is above the result; one that has released its lock has committed, so a
-- later statement of the reader (READ COMMITTED) sees its rows. Read on the primary.
CREATE OR REPLACE FUNCTION safe_position() RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    last_position bigint;
    lower_bound bigint;
BEGIN
    SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END INTO last_position FROM domain_events_position_seq;
    -- Distances are modulo 2^31. One in the upper half belongs to an appender that came after the first statement, so
    -- its bound is above the last position.
    SELECT min(CASE WHEN distance < 1073741824 THEN last_position - distance ELSE last_position END) INTO lower_bound
    FROM (
        SELECT (last_position - objid::bigint) & 2147483647 AS distance
        FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 1853190753
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS guards;
    RETURN least(lower_bound, last_position);
END
$$;
