-- Marks rows as published, and keeps where their messages lie.
-- ids: bigint[]; partitions: int[], offsets: bigint[], of each row's message; nulls where the broker does not tell
UPDATE outbox_events AS o
SET published = true, published_at = now(), next_attempt_at = NULL, dead_at = NULL,
    published_partition = d.published_partition, published_offset = d.published_offset
FROM unnest(%(ids)s::bigint[], %(partitions)s::int[], %(offsets)s::bigint[])
    AS d(id, published_partition, published_offset)
WHERE o.id = d.id
