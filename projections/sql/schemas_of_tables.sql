-- Where the tables are that statements mean.
-- tables: text[]
-- Result: rows (table text, schema text)
SELECT relname::text, nspname::text
FROM unnest(%(tables)s::text[]) AS named (name)
JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(name))
JOIN pg_namespace ON pg_namespace.oid = relnamespace
ORDER BY relname
