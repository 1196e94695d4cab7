-- How many events there are, about, and how many a day came over the last week.
-- Result: the columns of events.store.advice.Growth, in its order
--
-- The log's ends are walked by position, which has an index; its middle is halved until the week's begin is found.
WITH RECURSIVE ends AS (
    SELECT coalesce(min(position), 0) AS low, coalesce(max(position), 0) AS high FROM domain_events
), halves AS (
    SELECT low, high FROM ends
    UNION ALL
    SELECT
        CASE WHEN m.created_at < statement_timestamp() - interval '7 days' THEN m.position ELSE h.low END,
        CASE WHEN m.created_at < statement_timestamp() - interval '7 days' THEN h.high ELSE m.position - 1 END
    FROM halves h CROSS JOIN LATERAL (
        SELECT d.position, d.created_at FROM domain_events d
        WHERE d.position > h.low + (h.high - h.low) / 2 ORDER BY d.position LIMIT 1
    ) AS m
    WHERE h.low < h.high
), week AS (
    SELECT min(high) AS begins FROM halves
)
SELECT
    e.high - e.low + CASE WHEN e.high > 0 THEN 1 ELSE 0 END,
    (e.high - w.begins)::float8 / greatest(1, least(7, extract(epoch FROM statement_timestamp() - (
        SELECT created_at FROM domain_events ORDER BY position LIMIT 1
    )) / 86400))::float8
FROM ends e CROSS JOIN week w
