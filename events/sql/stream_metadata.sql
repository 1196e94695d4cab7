-- What is said about a stream.
-- aggregate_type, aggregate_id: text
-- Result: the columns of events.store.streams.metadata.StreamMetadata after the stream's name; no row when nothing is said
SELECT title, max_age, max_count, archived_at, tombstoned_at, reason, updated_by, updated_at
FROM stream_metadata
WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
