-- Streams in the order of their names, with what is said about them.
-- aggregate_type: text or null for all; after_type, after_id: text, the last stream of the page before, or empty
-- archived: boolean, whether archived streams are listed too; max_count: bigint
-- Result: (aggregate_type, aggregate_id, version, time of the first event, title, archived_at, tombstoned_at)
SELECT
    d.aggregate_type, d.aggregate_id,
    (SELECT max(l.version) FROM domain_events l
     WHERE l.aggregate_id = d.aggregate_id AND l.aggregate_type = d.aggregate_type),
    d.created_at, m.title, m.archived_at, m.tombstoned_at
FROM domain_events d
LEFT JOIN stream_metadata m ON m.aggregate_id = d.aggregate_id AND m.aggregate_type = d.aggregate_type
WHERE d.version = 1 AND (d.aggregate_type, d.aggregate_id) > (%(after_type)s, %(after_id)s)
    AND (%(aggregate_type)s::text IS NULL OR d.aggregate_type = %(aggregate_type)s)
    AND (%(archived)s OR m.archived_at IS NULL)
ORDER BY d.aggregate_type, d.aggregate_id
LIMIT %(max_count)s
