-- Goes on after the event store's append_one.sql: writes the event's outbox row in the same statement.
-- topic, partition_key, shard: of the message
-- by_reference: whether payload and metadata are left to the log
-- Result:  (position, version); no row, and no outbox row, when the store refused
INSERT INTO outbox_events ({{routed}}, metadata, payload, position, version, topic, partition_key, shard)
SELECT
    {{routed_parameters}}, CASE WHEN %(by_reference)s THEN NULL ELSE %(metadata)s::json END,
    CASE WHEN %(by_reference)s THEN NULL ELSE %(payload)s::json END, position, version,
    %(topic)s, %(partition_key)s, %(shard)s
FROM event
RETURNING position, version
