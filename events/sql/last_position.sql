-- The last position that was drawn.
-- Result: one row
SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM domain_events_position_seq
