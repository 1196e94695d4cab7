-- How far all projections are: every event up to the position is in the tables that serve.
-- Result: rows (name text, position bigint); none for a projection that has not begun
SELECT name, position FROM projection_checkpoints
