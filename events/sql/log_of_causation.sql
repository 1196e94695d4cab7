-- The log of what one event or command has caused, after a position and up to the safe position that an earlier statement has read.
-- causation_id: uuid
-- after, safe: bigint; max_count: bigint; event_types: text[] or null for all; aggregate_type: text or null for all
-- since, until: timestamptz or null, bounds of the time at which it happened, the second exclusive
-- Result: rows for events.store.reading.rows.recorded
--
-- A statement of its own: one condition more in log_after would have a prepared plan walk the whole log.
SELECT {{recorded}}
FROM domain_events
WHERE causation_id = %(causation_id)s AND position > %(after)s AND position <= %(safe)s
    AND (%(event_types)s::text[] IS NULL OR event_type = ANY(%(event_types)s::text[]))
    AND (%(aggregate_type)s::text IS NULL OR aggregate_type = %(aggregate_type)s)
    AND (%(since)s::timestamptz IS NULL OR timestamp >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR timestamp < %(until)s)
ORDER BY position
LIMIT %(max_count)s
