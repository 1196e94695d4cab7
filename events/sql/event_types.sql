-- All event types in the log, by hopping through the index from one type to the next.
-- Result: one row per type
WITH RECURSIVE types AS (
    (SELECT event_type FROM domain_events ORDER BY event_type LIMIT 1)
    UNION ALL
    SELECT (SELECT d.event_type FROM domain_events d WHERE d.event_type > t.event_type ORDER BY d.event_type LIMIT 1)
    FROM types t WHERE t.event_type IS NOT NULL
)
SELECT event_type FROM types WHERE event_type IS NOT NULL
