-- Goes on after the event store's append_one.sql: writes the event's outbox row in the same statement.
-- topic, partition_key, shard: of the message
-- Result:  (position, version); no row, and no outbox row, when the store refused
INSERT INTO outbox_events ({{envelope}}, payload, position, version, topic, partition_key, shard)
SELECT {{envelope_parameters}}, %(payload)s, position, version, %(topic)s, %(partition_key)s, %(shard)s
FROM event
RETURNING position, version
