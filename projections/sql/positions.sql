-- How far all projections are: every event up to the position is in the tables that serve, whichever partition it is of.
-- Result: rows (name text, position bigint); none for a projection that has not begun
SELECT name, coalesce(
    (SELECT min(position) FROM projection_partitions p WHERE p.projection = c.name AND p.place = 'serving'), c.position)
FROM projection_checkpoints c
