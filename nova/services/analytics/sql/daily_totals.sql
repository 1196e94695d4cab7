-- A page of the materialised view of all events by day, the newest first.
-- before: date or null for the first page; max_count: bigint
-- Result: rows (day date, events bigint, event_types bigint)
SELECT day, events, event_types
FROM analytics_daily_totals
WHERE %(before)s::date IS NULL OR day < %(before)s::date
ORDER BY day DESC
LIMIT %(max_count)s::bigint
