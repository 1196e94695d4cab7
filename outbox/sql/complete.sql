-- Marks rows as published.
-- ids: bigint[]
UPDATE outbox_events
SET published = true, published_at = now(), next_attempt_at = NULL, dead_at = NULL
WHERE id = ANY(%(ids)s::bigint[])
