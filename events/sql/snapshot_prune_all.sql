-- Removes all but the newest snapshots of every aggregate.
-- keep: int
-- Result: one row per snapshot that was removed.
DELETE FROM aggregate_snapshots
WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY aggregate_id, aggregate_type ORDER BY version DESC) AS place
        FROM aggregate_snapshots
    ) AS placed
    WHERE place > %(keep)s
)
RETURNING version
