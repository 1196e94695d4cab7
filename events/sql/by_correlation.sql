-- The events of one conversation, in the order of the log.
-- correlation_id: uuid; after: bigint; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE correlation_id = %(correlation_id)s AND position > %(after)s
ORDER BY position
LIMIT %(max_count)s
