-- Whether the next position is one that an event has already, or one below; see safe_position.sql.
-- Result: one row
SELECT coalesce((SELECT max(position) FROM domain_events) > last_value - CASE WHEN is_called THEN 0 ELSE 1 END, false)
FROM domain_events_position_seq
