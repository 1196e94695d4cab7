-- Records up to where a group has handled partitions. A position never goes back while its topic is the same one.
-- consumer:            text
-- topics, topic_ids:   text[]
-- partitions:          int[]
-- positions, expected: bigint[]; what is expected is what was recorded last, 0 where nothing was
-- Result: one row for each partition whose row does not stand behind what is expected; the others are left as they are
--
-- In the order of the key, so that two members wait for each other instead of deadlocking.
INSERT INTO consumer_positions AS p (consumer, topic, partition, topic_id, position)
SELECT %(consumer)s::text, n.topic, n.partition, n.topic_id, n.position
FROM unnest(
    %(topics)s::text[], %(partitions)s::int[], %(topic_ids)s::text[], %(positions)s::bigint[], %(expected)s::bigint[]
) AS n(topic, partition, topic_id, position, expected)
LEFT JOIN consumer_positions AS b
    ON b.consumer = %(consumer)s::text AND b.topic = n.topic AND b.partition = n.partition
WHERE n.expected = 0 OR b.position >= n.expected OR b.topic_id <> n.topic_id
ORDER BY n.topic, n.partition
ON CONFLICT (consumer, topic, partition) DO UPDATE SET
    position = CASE
        WHEN p.topic_id = excluded.topic_id THEN greatest(p.position, excluded.position) ELSE excluded.position
    END,
    topic_id = excluded.topic_id,
    recorded_at = now()
RETURNING p.topic, p.partition
