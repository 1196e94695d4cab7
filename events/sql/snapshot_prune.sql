-- Removes all but the newest snapshots of an aggregate.
-- aggregate_type, aggregate_id: text; keep: int
-- Result: one row per snapshot that was removed.
DELETE FROM aggregate_snapshots
WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s AND version < (
    SELECT min(version) FROM (
        SELECT version FROM aggregate_snapshots
        WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
        ORDER BY version DESC LIMIT %(keep)s
    ) AS newest
)
RETURNING version
