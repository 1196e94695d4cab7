-- How far a projection is: every event up to the position is in the tables that serve, whichever partition it is of.
-- name: text
-- Result: one row (position bigint); none for a projection that has not begun
SELECT coalesce(
    (SELECT min(position) FROM projection_partitions p WHERE p.projection = c.name AND p.place = 'serving'), c.position)
FROM projection_checkpoints c
WHERE name = %(name)s
