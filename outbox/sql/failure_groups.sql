-- Open dead letters by their failure, the largest group first.
-- consumer:    text; null for all
-- limit:       most groups
-- after_count, after_group: size and name of the last group of the page before; null for the first page
-- Result:      the fields of outbox.dead_letters.groups.FailureGroup, in its order
WITH groups AS (
    SELECT
        failure_group, count(*) AS number, max(id) AS example,
        array_agg(DISTINCT consumer::text) AS consumers, array_agg(DISTINCT event_type::text) AS event_types,
        min(first_failed_at) AS first_failed_at, max(last_failed_at) AS last_failed_at
    FROM dead_letters
    WHERE status = 'open' AND archived_at IS NULL AND (%(consumer)s::text IS NULL OR consumer = %(consumer)s::text)
    GROUP BY failure_group
)
SELECT
    g.failure_group, g.number, l.exception, l.frame, left(l.message, 1000), g.consumers, g.event_types,
    g.first_failed_at, g.last_failed_at, g.example
FROM groups AS g
JOIN dead_letters AS l ON l.id = g.example
WHERE %(after_count)s::bigint IS NULL OR g.number < %(after_count)s::bigint
    OR g.number = %(after_count)s::bigint AND g.failure_group > %(after_group)s::text
ORDER BY g.number DESC, g.failure_group
LIMIT %(limit)s
