-- The schema in which a table is found.
-- table: text, quoted where it must be
-- Result: one row (schema text)
SELECT nspname::text
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE pg_class.oid = %(table)s::regclass
