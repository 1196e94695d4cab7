-- The rows that a relay may publish now, in the order of the log.
-- shards:   smallint[] that the relay owns
-- limit:    most rows
-- bytes:    stop after the row that reaches this many bytes of payload
-- going_on: text[], the topics whose dead rows hold nothing back
-- Result:   the columns of outbox.sql.rows.OutboxRow, in its order
--
-- A row by reference has neither payload nor metadata, which are looked up in the log. Both kinds may stand side by side.
--
-- A row that waits for its next attempt or is dead holds back the later rows of its key on its topic. Only rows of keys
-- that have failed rows look up the place of those, by index, so that a pass stays cheap however many keys are held. OR
-- keeps the planner from turning either into a join, which would read all that is pending before it returns the first
-- row. Only the index of pending rows has the order by position: by id, a planner with old statistics would walk the
-- primary key.
WITH eligible AS (
    SELECT *
    FROM outbox_events AS o
    WHERE NOT published AND discarded_at IS NULL AND dead_at IS NULL AND shard = ANY(%(shards)s::smallint[])
        AND (
            (topic, partition_key) NOT IN (
                SELECT topic, partition_key
                FROM outbox_events
                WHERE dead_at IS NOT NULL OR next_attempt_at IS NOT NULL
            )
            OR NOT EXISTS (
                SELECT
                FROM outbox_events AS h
                WHERE h.topic = o.topic AND h.partition_key = o.partition_key AND h.position <= o.position
                    AND (h.dead_at IS NOT NULL AND h.topic <> ALL(%(going_on)s::text[]) OR h.next_attempt_at > now())
            )
        )
    ORDER BY position
    LIMIT %(limit)s
)
SELECT {{pending}}
FROM (
    SELECT
        {{taken}}, position, body.payload,
        body.metadata ->> 'traceparent' AS traceparent, body.metadata ->> 'clock' AS clock,
        to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS happened_at,
        -- As text: stored, it may be compressed to a hundredth.
        coalesce(sum(octet_length(body.payload::text)) OVER (ORDER BY position), 0)
            - coalesce(octet_length(body.payload::text), 0) AS bytes_before
    FROM eligible AS e
    -- LIMIT keeps the planner from joining whole tables; a row with a copy has no position to look for.
    LEFT JOIN LATERAL (
        SELECT b.payload, b.metadata FROM event_bodies AS b
        WHERE b.position = CASE WHEN e.payload IS NULL THEN e.position END
        LIMIT 1
    ) AS log ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(e.payload, log.payload) AS payload, coalesce(e.metadata, log.metadata) AS metadata
    ) AS body
) AS batch
WHERE bytes_before < %(bytes)s
ORDER BY position
