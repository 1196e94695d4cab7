-- How far a projection is: every event up to the position is in the tables that serve.
-- name: text
-- Result: one row (position bigint); none for a projection that has not begun
SELECT position FROM projection_checkpoints WHERE name = %(name)s
