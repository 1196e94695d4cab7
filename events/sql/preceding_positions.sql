-- The last event of some types before a version, in each of some streams.
-- aggregate_types, aggregate_ids: text[]; versions: bigint[]; one each for a stream
-- event_types: text[]
-- Result: rows (aggregate_type, aggregate_id, position)
SELECT s.aggregate_type, s.aggregate_id, d.position
FROM unnest(%(aggregate_types)s::text[], %(aggregate_ids)s::text[], %(versions)s::bigint[])
    AS s (aggregate_type, aggregate_id, version)
CROSS JOIN LATERAL (
    SELECT position FROM domain_events
    WHERE aggregate_type = s.aggregate_type AND aggregate_id = s.aggregate_id AND version < s.version
        AND event_type = ANY(%(event_types)s::text[])
    ORDER BY version DESC LIMIT 1
) AS d
