-- Goes on after the event store's append_many.sql: writes one outbox row per event in the same statement.
-- more:   json [{ord, topic, partition_key, shard, message}], one per event of the batch; message is the body, as text,
--         of an event that is not stored as JSON
-- Result: (position, version) per event in the order of the batch; no row, and no outbox row, when the store refused
, recorded AS (
    INSERT INTO outbox_events (
        event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version, source_service,
        topic, partition_key, shard, payload, metadata, correlation_id, causation_id, user_id, timestamp
    )
    SELECT
        g.event_id, e.position, g.aggregate_type, g.aggregate_id, e.version, g.event_type, g.schema_version,
        g.source_service, m.topic, m.partition_key, m.shard, coalesce(m.message::json, g.payload), g.metadata,
        g.correlation_id, g.causation_id, g.user_id, g.timestamp
    FROM event AS e
    JOIN given AS g USING (event_id)
    JOIN json_to_recordset(%(more)s::json)
        AS m(ord int, topic text, partition_key text, shard smallint, message text) USING (ord)
    ORDER BY e.position
    RETURNING position, version
)
SELECT position, version FROM recorded ORDER BY position
