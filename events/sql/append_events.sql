-- append_events(batch): the one way into domain_events.
--
-- batch: {"streams": [{stream, aggregate_type, aggregate_id, expected}],
--         "events":  [{ord, stream, step, event_id, event_type, schema_version, source_service, timestamp,
--                      correlation_id, causation_id, user_id, metadata, payload, content_hash, encoding, payload_bytes}]}
--   stream    number of the stream in this batch
--   expected  exact version; 0 no stream; -1 any; -2 stream exists
--   ord, step place of the event in the batch and in its stream, from 1
--   content_hash  hexadecimal
--   encoding, payload_bytes  of a payload that is not stored as JSON, in base64; payload is null then
--
-- Result: the new rows; none when a stream is not at its expected version or tombstoned, a racing transaction took the
-- version, or an event id is in use. Nothing is written then and the surrounding transaction goes on, because the
-- exception block is a savepoint of its own: the caller looks up the reason.
--
-- A tombstone is an event too, which takes a version like any other and commits together with its mark in
-- stream_metadata. So an append that has not seen the mark has not seen that version either, and loses the race for it.
CREATE OR REPLACE FUNCTION append_events(batch json) RETURNS SETOF domain_events
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH streams AS MATERIALIZED (
        SELECT
            s.stream, s.aggregate_type, s.aggregate_id, s.expected,
            coalesce((
                SELECT d.version FROM domain_events d
                WHERE d.aggregate_type = s.aggregate_type AND d.aggregate_id = s.aggregate_id
                ORDER BY d.version DESC LIMIT 1
            ), 0) AS actual,
            EXISTS (
                SELECT FROM stream_metadata m
                WHERE m.aggregate_id = s.aggregate_id AND m.aggregate_type = s.aggregate_type
                    AND m.tombstoned_at IS NOT NULL
            ) AS is_closed
        FROM json_to_recordset(batch -> 'streams')
            AS s(stream int, aggregate_type varchar, aggregate_id varchar, expected bigint)
    ), inserted AS (
        INSERT INTO domain_events (
            event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
            timestamp, correlation_id, causation_id, user_id, metadata, payload, content_hash, encoding,
            payload_bytes
        )
        SELECT
            e.event_id, e.event_type, e.schema_version, e.source_service, s.aggregate_type, s.aggregate_id, s.actual + e.step,
            e.timestamp, e.correlation_id, e.causation_id, e.user_id, e.metadata, e.payload, decode(e.content_hash, 'hex'),
            coalesce(e.encoding, 'json'), decode(e.payload_bytes, 'base64')
        FROM json_to_recordset(batch -> 'events') AS e(
            ord int, stream int, step int, event_id uuid, event_type varchar, schema_version int, source_service varchar,
            timestamp timestamptz, correlation_id uuid, causation_id uuid, user_id varchar,
            metadata json, payload json, content_hash text, encoding varchar, payload_bytes text
        )
        JOIN streams s USING (stream)
        WHERE NOT EXISTS (
            SELECT FROM streams x
            WHERE x.is_closed OR CASE x.expected WHEN -1 THEN false WHEN -2 THEN x.actual = 0 ELSE x.actual <> x.expected END
        )
        ORDER BY e.ord
        RETURNING *
    )
    -- Sorted, so that no row leaves before all are in: what has left when an exception comes stays in the result.
    SELECT * FROM inserted ORDER BY position;
EXCEPTION WHEN unique_violation THEN
    RETURN;
END
$$;
