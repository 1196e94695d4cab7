-- An empty copy of a table, with its columns, defaults, constraints and indexes, until the transaction ends.
-- shadow: name of a table in pg_temp; live: name of a table
CREATE TEMPORARY TABLE {shadow} (LIKE {live} INCLUDING ALL) ON COMMIT DROP
