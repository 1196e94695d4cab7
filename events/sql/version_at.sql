-- The last version of a stream before anything happened in it after a time.
-- aggregate_type, aggregate_id: text; at: timestamptz
-- Result: (version), 0 when the first event happened later; null when the stream has no events.
SELECT coalesce(min(version) FILTER (WHERE timestamp > %(at)s) - 1, max(version))
FROM domain_events
WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
