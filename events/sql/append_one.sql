-- Appends one event: the beginning of a statement that the append hook's own part goes on after (docs/adr/0001).
-- expected: exact version; 0 no stream; -1 any; -2 stream exists
-- others:   the columns of domain_events but position, version and created_at; payload is stored where payload_bytes is null
-- Leaves:   event (position, version), without a row when the stream is not at its expected version or tombstoned, a
--           racing transaction took the version, or the event id is in use
--
-- A conflict is no error here, for one event is written or it is not: no savepoint is needed to take a part of it back.
--
-- A tombstone is an event too, which takes a version like any other and commits together with its row in
-- stream_metadata. So an append that has not seen the row has not seen that version either, and loses the race for it.
WITH stream AS MATERIALIZED (
    SELECT coalesce((
        SELECT version FROM domain_events
        WHERE aggregate_type = %(aggregate_type)s AND aggregate_id = %(aggregate_id)s
        ORDER BY version DESC LIMIT 1
    ), 0) AS actual, publish_append_guard() AS guard
), event AS (
    INSERT INTO domain_events ({{envelope}}, version, payload, content_hash, encoding, payload_bytes)
    SELECT
        {{envelope_parameters}}, actual + 1, CASE WHEN %(payload_bytes)s::bytea IS NULL THEN %(payload)s::json END,
        %(content_hash)s, %(encoding)s, %(payload_bytes)s
    FROM stream
    WHERE CASE %(expected)s::bigint
            WHEN -1 THEN true
            WHEN -2 THEN actual > 0
            ELSE actual = %(expected)s::bigint
        END
        AND NOT EXISTS (
            SELECT FROM stream_metadata
            WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s AND tombstoned_at IS NOT NULL
        )
    ON CONFLICT DO NOTHING
    RETURNING position, version
)
