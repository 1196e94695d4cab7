-- The last events of a type before a position, newest first.
-- event_type: text; before: bigint, exclusive; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE event_type = %(event_type)s AND position < %(before)s
ORDER BY position DESC
LIMIT %(max_count)s
