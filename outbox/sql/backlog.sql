-- What is on its way.
-- Result: (rows to be published, age of the oldest of them in seconds, dead rows)
SELECT
    count(*) FILTER (WHERE dead_at IS NULL),
    coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE dead_at IS NULL)), 0)::float8,
    count(*) FILTER (WHERE dead_at IS NOT NULL)
FROM outbox_events
WHERE NOT published AND discarded_at IS NULL
