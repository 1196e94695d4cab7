-- The first row that two tables do not have alike, by their key.
-- live, shadow: names of tables; key: name of a column
-- keys: text[] or null, to compare only rows with these keys
-- Result: at most one row (live row as jsonb or null, shadow row as jsonb or null)
SELECT to_jsonb(live), to_jsonb(shadow)
FROM {live} AS live
FULL JOIN {shadow} AS shadow ON live.{key} = shadow.{key}
WHERE to_jsonb(live) IS DISTINCT FROM to_jsonb(shadow)
    AND (%(keys)s::text[] IS NULL OR coalesce(live.{key}, shadow.{key})::text = ANY(%(keys)s::text[]))
ORDER BY coalesce(live.{key}, shadow.{key})
LIMIT 1
