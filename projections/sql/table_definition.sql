-- What tables are like: columns, constraints and indexes, by which those of two schemas can be compared. The schema, if
-- there is one, is to be first in the search path, so that names are without it.
-- schema: text, or NULL for the tables that statements mean; tables: text[]
-- Result: rows (part text), in an order that depends on nothing else
WITH wanted AS (
    SELECT pg_class.oid, relname
    FROM unnest(%(tables)s::text[]) AS named (name)
    JOIN pg_class ON pg_class.oid = to_regclass(concat_ws('.', quote_ident(%(schema)s::text), quote_ident(name)))
)
SELECT format(
    '%%s: column %%s %%s %%s%%s%%s, default %%s, collation %%s', relname, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN 'NOT NULL' END, attidentity, attgenerated, pg_get_expr(adbin, adrelid, true), attcollation
)
FROM wanted
JOIN pg_attribute ON attrelid = wanted.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
UNION ALL
SELECT format('%%s: constraint %%s %%s', relname, conname, pg_get_constraintdef(pg_constraint.oid, true))
FROM wanted JOIN pg_constraint ON conrelid = wanted.oid AND contype <> 'n'
UNION ALL
SELECT format('%%s: %%s', relname, pg_get_indexdef(indexrelid, 0, true)) FROM wanted JOIN pg_index ON indrelid = wanted.oid
ORDER BY 1
