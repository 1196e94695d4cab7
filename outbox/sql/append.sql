-- Appends a batch and writes one outbox row per event, in the same statement and so in the same transaction.
-- batch:    json, see append_events in the event store
-- messages: json array of {event_id, topic, partition_key, shard, payload}, one per event of the batch;
--           payload only of an event that is not stored as JSON
-- Result:   (position, version) per event in the order of the batch; no row, and no outbox row, when the store refused
WITH appended AS MATERIALIZED (
    SELECT * FROM append_events(%(batch)s::json)
), recorded AS (
    INSERT INTO outbox_events (
        event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version, source_service,
        topic, partition_key, shard, payload, metadata, correlation_id, causation_id, user_id, timestamp
    )
    SELECT
        a.event_id, a.position, a.aggregate_type, a.aggregate_id, a.version, a.event_type, a.schema_version,
        a.source_service, m.topic, m.partition_key, m.shard, coalesce(m.payload, a.payload), a.metadata, a.correlation_id, a.causation_id,
        a.user_id, a.timestamp
    FROM appended AS a
    JOIN json_to_recordset(%(messages)s::json)
        AS m(event_id uuid, topic text, partition_key text, shard smallint, payload json) USING (event_id)
    ORDER BY a.position
)
SELECT position, version FROM appended ORDER BY position
