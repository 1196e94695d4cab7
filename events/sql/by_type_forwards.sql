-- The events of a type after a position, in the order of the log.
-- event_type: text; after: bigint, exclusive; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT
    position, event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
    timestamp::text, created_at::text, correlation_id, causation_id, user_id, metadata::text, payload::text, content_hash,
    encoding, payload_bytes
FROM domain_events
WHERE event_type = %(event_type)s AND position > %(after)s
ORDER BY position
LIMIT %(max_count)s
