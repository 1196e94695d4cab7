-- Remove the rows that are not the same in the shadow.
-- live, shadow: names of tables; live_key, shadow_key: names of the key's columns
-- beside: text[], columns that do not count
-- Result: rows (key text)
DELETE FROM {live} AS live
WHERE NOT EXISTS (
    SELECT
    FROM {shadow} AS shadow
    WHERE ({shadow_key}) = ({live_key})
        AND to_jsonb(shadow) - %(beside)s::text[] = to_jsonb(live) - %(beside)s::text[]
)
RETURNING concat_ws(' ', {live_key})
