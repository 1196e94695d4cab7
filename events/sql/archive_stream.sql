-- Leaves a stream out of listings, or lists it again.
-- aggregate_type, aggregate_id: text; archived: boolean; reason: text; actor: text
-- Result: as stream_metadata.sql
INSERT INTO stream_metadata (aggregate_type, aggregate_id, archived_at, reason, updated_by, updated_at)
VALUES (
    %(aggregate_type)s, %(aggregate_id)s, CASE WHEN %(archived)s THEN statement_timestamp() END,
    %(reason)s, %(actor)s, statement_timestamp()
)
ON CONFLICT (aggregate_id, aggregate_type) DO UPDATE SET
    archived_at = CASE WHEN %(archived)s THEN coalesce(stream_metadata.archived_at, excluded.updated_at) END,
    reason = excluded.reason, updated_by = excluded.updated_by, updated_at = excluded.updated_at
RETURNING title, max_age, max_count, archived_at, tombstoned_at, reason, updated_by, updated_at
