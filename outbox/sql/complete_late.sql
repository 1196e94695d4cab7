-- Marks rows as published that could not be marked when they were: what has become of them since is looked at.
-- ids: bigint[]; topics, partition_keys: text[], to which and under which each was published
-- partitions: int[], offsets: bigint[], where its message lies; nulls where the broker does not tell
UPDATE outbox_events AS o
SET published = true, published_at = now(), next_attempt_at = NULL,
    published_partition = d.published_partition, published_offset = d.published_offset
FROM unnest(
    %(ids)s::bigint[], %(topics)s::text[], %(partition_keys)s::text[], %(partitions)s::int[], %(offsets)s::bigint[]
) AS d(id, topic, partition_key, published_partition, published_offset)
WHERE o.id = d.id AND o.topic = d.topic AND o.partition_key = d.partition_key
    AND NOT o.published AND o.dead_at IS NULL AND o.discarded_at IS NULL
