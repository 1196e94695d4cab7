-- What has had its effect on a consumer, by id.
-- consumer:  text
-- since:     timestamptz or null, when it had it at the earliest
-- after:     uuid or null, the last id of the page before
-- max_count: bigint
-- Result: ids
SELECT event_id
FROM inbox
WHERE consumer = %(consumer)s AND (%(after)s::uuid IS NULL OR event_id > %(after)s::uuid)
    AND (%(since)s::timestamptz IS NULL OR processed_at >= %(since)s::timestamptz)
ORDER BY event_id
LIMIT %(max_count)s::bigint
