-- Goes on after the event store's append_many.sql: writes one outbox row per event in the same statement.
-- more:   json [{ord, topic, partition_key, shard, by_reference}], one per event of the batch; by_reference: whether payload
--         and metadata are left to the log, false when absent
-- Result: (position, version) per event in the order of the batch; no row, and no outbox row, when the store refused
, recorded AS (
    INSERT INTO outbox_events ({{routed}}, metadata, payload, position, version, topic, partition_key, shard)
    SELECT
        {{routed}}, CASE WHEN m.by_reference THEN NULL ELSE g.metadata END,
        CASE WHEN m.by_reference THEN NULL ELSE g.payload END, e.position, e.version, m.topic, m.partition_key, m.shard
    FROM event AS e
    JOIN given AS g USING (event_id)
    JOIN json_to_recordset(%(more)s::json) AS m(
        ord int, topic text, partition_key text, shard smallint, by_reference boolean
    ) USING (ord)
    ORDER BY e.position
    RETURNING position, version
)
SELECT position, version FROM recorded ORDER BY position
