-- Add to the counts of hours and types. In one order, so that two transactions never wait for each other crosswise.
-- hours: timestamptz[]; event_types: text[]; counts: bigint[], each of one length
INSERT INTO analytics_hourly_counts (hour, event_type, count)
SELECT hour, event_type, count
FROM unnest(%(hours)s::timestamptz[], %(event_types)s::text[], %(counts)s::bigint[]) AS added (hour, event_type, count)
ORDER BY hour, event_type COLLATE "C"
ON CONFLICT (hour, event_type) DO UPDATE SET count = analytics_hourly_counts.count + excluded.count
