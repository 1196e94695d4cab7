-- Compute groups anew: rows are written as they are now, and those are removed of which nothing is left.
-- view: name of a table; key: name of its key; columns, changes: those of its rows; query: a SELECT of whole rows
-- keys: text[] or null for all
WITH computed AS MATERIALIZED (
    {query}
),
gone AS (
    DELETE FROM {view} AS kept
    WHERE (%(keys)s::text[] IS NULL OR kept.{key} = ANY(%(keys)s::text[]))
        AND NOT EXISTS (SELECT FROM computed WHERE computed.{key} = kept.{key})
)
INSERT INTO {view} ({columns})
SELECT {columns} FROM computed
ON CONFLICT ({key}) DO UPDATE SET {changes}
