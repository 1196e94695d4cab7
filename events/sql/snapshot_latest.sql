-- The newest snapshot of an aggregate that counts: made with today's fold, and not newer than asked for.
-- aggregate_type, aggregate_id, codec, fold: text; up_to: bigint or null
-- Result: (version, data)
SELECT version, data::text
FROM aggregate_snapshots
WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
    AND codec = %(codec)s AND fold = %(fold)s
    AND (%(up_to)s::bigint IS NULL OR version <= %(up_to)s::bigint)
ORDER BY version DESC
LIMIT 1
