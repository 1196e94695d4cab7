-- The first row that two tables do not have alike, by their key.
-- live, shadow: names of tables; key: names of the key's columns
-- keys:   text[] or null, to compare only rows with these keys
-- beside: text[], columns that are not compared
-- Result: at most one row (live row as jsonb or null, shadow row as jsonb or null)
SELECT to_jsonb(live) - %(beside)s::text[], to_jsonb(shadow) - %(beside)s::text[]
FROM {live} AS live
FULL JOIN {shadow} AS shadow USING ({key})
WHERE to_jsonb(live) - %(beside)s::text[] IS DISTINCT FROM to_jsonb(shadow) - %(beside)s::text[]
    AND (%(keys)s::text[] IS NULL OR concat_ws(' ', {key}) = ANY(%(keys)s::text[]))
ORDER BY {key}
LIMIT 1
