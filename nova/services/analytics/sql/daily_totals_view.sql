-- The materialised view of all events by day: how many there were, and of how many types. One row a day (UTC).
SELECT day, sum(count)::bigint AS events, count(*)::bigint AS event_types
FROM analytics_daily_events
GROUP BY day
