-- The log after a position, up to the safe position that an earlier statement has read.
-- after, safe: bigint; max_count: bigint; event_types: text[] or null for all; aggregate_type: text or null for all
-- number, of: int, the partition by hash of the stream, or null for all (events.store.reading.partitions)
-- since, until: timestamptz or null, bounds of the time at which it happened, the second exclusive
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE position > %(after)s AND position <= %(safe)s
    AND (%(event_types)s::text[] IS NULL OR event_type = ANY(%(event_types)s::text[]))
    AND (%(aggregate_type)s::text IS NULL OR aggregate_type = %(aggregate_type)s)
    AND (
        %(of)s::int IS NULL
        OR ('x' || encode(substring(sha256(convert_to(aggregate_type || '/' || aggregate_id, 'UTF8')) FOR 3), 'hex'))::bit(24)::int
            %% %(of)s::int = %(number)s::int
    )
    AND (%(since)s::timestamptz IS NULL OR timestamp >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR timestamp < %(until)s)
ORDER BY position
LIMIT %(max_count)s
