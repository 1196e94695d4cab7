-- The types of the aggregates that bear an id, of which each is a stream.
-- aggregate_id: text; limit: bigint
-- Result: rows (aggregate_type text)
--
-- Each type is hopped over as a whole: one stream may have very many events.
WITH RECURSIVE types AS (
    (
        SELECT aggregate_type FROM domain_events
        WHERE aggregate_id = %(aggregate_id)s
        ORDER BY aggregate_type
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT d.aggregate_type FROM domain_events AS d
        WHERE d.aggregate_id = %(aggregate_id)s AND d.aggregate_type > t.aggregate_type
        ORDER BY d.aggregate_type
        LIMIT 1
    )
    FROM types AS t
    WHERE t.aggregate_type IS NOT NULL
)
SELECT aggregate_type FROM types WHERE aggregate_type IS NOT NULL LIMIT %(limit)s
