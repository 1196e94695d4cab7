-- Which definition a materialised view was made by, and whether it can be refreshed while it is read.
-- name: text
-- Result: one row (digest text or null, has a unique index boolean); none where there is no such view
SELECT
    obj_description(pg_class.oid, 'pg_class'),
    EXISTS (
        SELECT FROM pg_index
        WHERE indrelid = pg_class.oid AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
    )
FROM pg_class
WHERE pg_class.oid = to_regclass(quote_ident(%(name)s::text)) AND relkind = 'm'
