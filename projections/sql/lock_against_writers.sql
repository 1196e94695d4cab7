-- Keep whoever writes to a table, or locks rows of it, out until the transaction ends; readers go on.
-- live: name of a table
LOCK TABLE {live} IN EXCLUSIVE MODE
