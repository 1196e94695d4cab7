-- Removes published and discarded rows that are older than the retention, from a stretch of the oldest rows.
-- after:  id below which everything was looked at
-- limit:  length of the stretch
-- cutoff: timestamptz
-- Result: (last id of the stretch, whether it reaches beyond the retention, rows removed); last id is null at the end
WITH stretch AS MATERIALIZED (
    SELECT id, created_at FROM outbox_events WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
), removed AS (
    DELETE FROM outbox_events
    WHERE id IN (SELECT id FROM stretch)
        AND (published AND published_at < %(cutoff)s OR discarded_at < %(cutoff)s)
    RETURNING id
)
SELECT (SELECT max(id) FROM stretch), coalesce((SELECT max(created_at) FROM stretch) >= %(cutoff)s, true),
    (SELECT count(*) FROM removed)
