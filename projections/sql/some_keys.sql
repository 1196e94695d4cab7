-- Keys of some rows, whichever; the columns of a key of several are joined by blanks.
-- live: name of a table; key: names of the key's columns
-- number: bigint
-- Result: rows (key text)
SELECT concat_ws(' ', {key}) FROM {live} ORDER BY random() LIMIT %(number)s::bigint
