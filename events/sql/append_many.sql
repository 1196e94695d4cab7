-- Appends several events, of one stream or more: the beginning of a statement that the append hook's own part goes on
-- after (docs/adr/0001).
-- streams: json [{stream, aggregate_type, aggregate_id, expected}]
-- events:  json [{ord, stream, step, the envelope's columns, payload, content_hash, encoding, payload_bytes}]
--   stream        number of the stream in this batch
--   expected      exact version; 0 no stream; -1 any; -2 stream exists
--   ord, step     place of the event in the batch and in its stream, from 1
--   content_hash  hexadecimal
--   encoding, payload_bytes  of a payload that is not stored as JSON, in base64
-- Leaves:  given, the events as rows with their versions, and event (event_id, position, version); neither with a row
--          when a stream is not at its expected version or tombstoned
-- Error:   unique_violation when a racing transaction took a version or an event id is in use
--
-- Tombstones: see append_one.sql.
WITH stream AS MATERIALIZED (
    SELECT
        s.stream, s.aggregate_type, s.aggregate_id, s.expected,
        coalesce((
            SELECT d.version FROM domain_events AS d
            WHERE d.aggregate_type = s.aggregate_type AND d.aggregate_id = s.aggregate_id
            ORDER BY d.version DESC LIMIT 1
        ), 0) AS actual,
        EXISTS (
            SELECT FROM stream_metadata AS m
            WHERE m.aggregate_id = s.aggregate_id AND m.aggregate_type = s.aggregate_type AND m.tombstoned_at IS NOT NULL
        ) AS is_closed,
        publish_append_guard() AS guard
    FROM json_to_recordset(%(streams)s::json)
        AS s(stream int, aggregate_type varchar, aggregate_id varchar, expected bigint)
), given AS MATERIALIZED (
    SELECT e.*, s.actual + e.step AS version
    FROM json_to_recordset(%(events)s::json) AS e(
        ord int, stream int, step int, {{typed_envelope}}, payload json, content_hash text, encoding varchar,
        payload_bytes text
    )
    JOIN stream AS s USING (stream)
    WHERE NOT EXISTS (
        SELECT FROM stream AS x
        WHERE x.is_closed OR CASE x.expected WHEN -1 THEN false WHEN -2 THEN x.actual = 0 ELSE x.actual <> x.expected END
    )
), event AS (
    INSERT INTO domain_events ({{envelope}}, version, payload, content_hash, encoding, payload_bytes)
    SELECT
        {{envelope}}, version, CASE WHEN payload_bytes IS NULL THEN payload END, decode(content_hash, 'hex'),
        coalesce(encoding, 'json'), decode(payload_bytes, 'base64')
    FROM given
    ORDER BY ord
    RETURNING event_id, position, version
)
