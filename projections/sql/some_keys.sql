-- Keys of some rows, whichever.
-- live: name of a table; key: name of a column
-- number: bigint
-- Result: rows (key text)
SELECT {key}::text FROM {live} ORDER BY random() LIMIT %(number)s::bigint
