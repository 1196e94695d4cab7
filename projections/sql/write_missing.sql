-- Write the rows of the shadow that are not there.
-- live, shadow: names of tables; columns: those that are written; live_key, shadow_key, there_key: those of the key
-- Result: rows (key text)
INSERT INTO {live} AS live ({columns})
SELECT {columns}
FROM {shadow} AS shadow
WHERE NOT EXISTS (SELECT FROM {live} AS there WHERE ({there_key}) = ({shadow_key}))
RETURNING concat_ws(' ', {live_key})
