-- Goes on after the event store's append_one.sql: writes the event's outbox row in the same statement.
-- topic, partition_key, shard: of the message
-- message: its body, of an event that is not stored as JSON
-- Result:  (position, version); no row, and no outbox row, when the store refused
INSERT INTO outbox_events (
    event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version, source_service,
    topic, partition_key, shard, payload, metadata, correlation_id, causation_id, user_id, timestamp
)
SELECT
    %(event_id)s, position, %(aggregate_type)s, %(aggregate_id)s, version, %(event_type)s, %(schema_version)s,
    %(source_service)s, %(topic)s, %(partition_key)s, %(shard)s, coalesce(%(message)s::json, %(payload)s), %(metadata)s,
    %(correlation_id)s, %(causation_id)s, %(user_id)s, %(timestamp)s
FROM event
RETURNING position, version
