-- All aggregate types in the log, by hopping through the index of first events.
-- Result: one row per type
WITH RECURSIVE types AS (
    (SELECT aggregate_type FROM domain_events WHERE version = 1 ORDER BY aggregate_type LIMIT 1)
    UNION ALL
    SELECT (
        SELECT d.aggregate_type FROM domain_events AS d
        WHERE d.version = 1 AND d.aggregate_type > t.aggregate_type ORDER BY d.aggregate_type LIMIT 1
    )
    FROM types AS t WHERE t.aggregate_type IS NOT NULL
)
SELECT aggregate_type FROM types WHERE aggregate_type IS NOT NULL
