-- The events of a type after a position, in the order of the log.
-- event_type: text; after: bigint, exclusive; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE event_type = %(event_type)s AND position > %(after)s
ORDER BY position
LIMIT %(max_count)s
