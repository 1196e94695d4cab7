-- Closes a stream for ever; in the transaction that has just appended the stream's last event, see tombstone_stream.
-- aggregate_type, aggregate_id: text; reason: text; actor: text
-- Result: as stream_metadata.sql
INSERT INTO stream_metadata (aggregate_type, aggregate_id, tombstoned_at, reason, updated_by, updated_at)
VALUES (
    %(aggregate_type)s, %(aggregate_id)s, statement_timestamp(), %(reason)s, %(actor)s, statement_timestamp()
)
ON CONFLICT (aggregate_id, aggregate_type) DO UPDATE SET
    tombstoned_at = excluded.tombstoned_at,
    reason = excluded.reason, updated_by = excluded.updated_by, updated_at = excluded.updated_at
RETURNING title, max_age, max_count, archived_at, tombstoned_at, reason, updated_by, updated_at
