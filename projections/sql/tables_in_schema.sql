-- The tables of a schema; none where there is no such schema.
-- schema: text
-- Result: rows (table text)
SELECT relname::text
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = %(schema)s::text AND relkind IN ('r', 'p')
ORDER BY relname
