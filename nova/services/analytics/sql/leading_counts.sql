-- Counts by hour of the types that there were most of, and of all others together.
-- first, last: timestamptz, hours that begin from the one to before the other; most: bigint, how many types
-- Result: rows (hour timestamptz, event_type text, null for the others, count bigint)
WITH chosen AS (
    SELECT hour, event_type, count
    FROM analytics_hourly_counts
    WHERE hour >= %(first)s::timestamptz AND hour < %(last)s::timestamptz
),
leaders AS (
    SELECT event_type
    FROM chosen
    GROUP BY event_type
    ORDER BY sum(count) DESC, event_type
    LIMIT %(most)s::bigint
)
SELECT chosen.hour, leaders.event_type, sum(chosen.count)::bigint AS count
FROM chosen
LEFT JOIN leaders USING (event_type)
GROUP BY chosen.hour, leaders.event_type
ORDER BY chosen.hour, leaders.event_type
