-- The events of what one event or command has caused, in the order of the log.
-- causation_id: uuid; after: bigint; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE causation_id = %(causation_id)s AND position > %(after)s
ORDER BY position
LIMIT %(max_count)s
