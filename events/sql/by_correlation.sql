-- The events of one conversation, in the order of the log.
-- correlation_id: uuid; after: bigint; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT
    position, event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
    timestamp::text, created_at::text, correlation_id, causation_id, user_id, metadata::text, payload::text, content_hash,
    encoding, payload_bytes
FROM domain_events
WHERE correlation_id = %(correlation_id)s AND position > %(after)s
ORDER BY position
LIMIT %(max_count)s
