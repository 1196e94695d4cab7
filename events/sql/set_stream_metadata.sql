-- Says title, maximum age and maximum count of a stream anew.
-- aggregate_type, aggregate_id: text; title: text or null; max_age: interval or null; max_count: bigint or null
-- actor: text
-- Result: as stream_metadata.sql
INSERT INTO stream_metadata (aggregate_type, aggregate_id, title, max_age, max_count, updated_by, updated_at)
VALUES (
    %(aggregate_type)s, %(aggregate_id)s, %(title)s::text, %(max_age)s::interval, %(max_count)s::bigint,
    %(actor)s, statement_timestamp()
)
ON CONFLICT (aggregate_id, aggregate_type) DO UPDATE SET
    title = excluded.title, max_age = excluded.max_age, max_count = excluded.max_count,
    updated_by = excluded.updated_by, updated_at = excluded.updated_at
RETURNING title, max_age, max_count, archived_at, tombstoned_at, reason, updated_by, updated_at
