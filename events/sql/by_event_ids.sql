-- Events by their ids.
-- event_ids: uuid[]
-- Result: rows for events.store.reading.rows.recorded
SELECT
    position, event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
    timestamp::text, created_at::text, correlation_id, causation_id, user_id, metadata::text, payload::text, content_hash,
    encoding, payload_bytes
FROM domain_events
WHERE event_id = ANY(%(event_ids)s::uuid[])
ORDER BY position
