-- Which of some streams are closed for ever?
-- aggregate_types, aggregate_ids: text[] of equal length
-- Result: (aggregate_type, aggregate_id, tombstoned_at, reason)
SELECT m.aggregate_type, m.aggregate_id, m.tombstoned_at, m.reason
FROM stream_metadata m
JOIN unnest(%(aggregate_types)s::text[], %(aggregate_ids)s::text[]) AS s(aggregate_type, aggregate_id)
    USING (aggregate_type, aggregate_id)
WHERE m.tombstoned_at IS NOT NULL
