-- The version of a stream.
-- aggregate_type, aggregate_id: text
-- Result: one row with the version, 0 when the stream has no events
SELECT coalesce(max(version), 0) FROM domain_events
WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
