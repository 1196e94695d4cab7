-- Add to the counts of days and types. In one order, so that two transactions never wait for each other crosswise.
-- days: date[]; event_types: text[]; counts: bigint[], each of one length
INSERT INTO analytics_daily_events (day, event_type, count)
SELECT day, event_type, count
FROM unnest(%(days)s::date[], %(event_types)s::text[], %(counts)s::bigint[]) AS added (day, event_type, count)
ORDER BY day, event_type COLLATE "C"
ON CONFLICT (day, event_type) DO UPDATE SET count = analytics_daily_events.count + excluded.count
