-- Goes on after the event store's append_many.sql: writes one outbox row per event in the same statement.
-- more:   json [{ord, topic, partition_key, shard}], one per event of the batch
-- Result: (position, version) per event in the order of the batch; no row, and no outbox row, when the store refused
, recorded AS (
    INSERT INTO outbox_events ({{envelope}}, payload, position, version, topic, partition_key, shard)
    SELECT {{envelope}}, g.payload, e.position, e.version, m.topic, m.partition_key, m.shard
    FROM event AS e
    JOIN given AS g USING (event_id)
    JOIN json_to_recordset(%(more)s::json) AS m(ord int, topic text, partition_key text, shard smallint) USING (ord)
    ORDER BY e.position
    RETURNING position, version
)
SELECT position, version FROM recorded ORDER BY position
