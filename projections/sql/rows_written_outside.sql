-- What this session has written and not yet reported, of tables outside a schema: only its growth within a transaction
-- has a meaning.
-- schema: text
-- Result: rows (table text, rows written bigint)
SELECT format('%%I.%%I', schemaname, relname), n_tup_ins + n_tup_upd + n_tup_del
FROM pg_stat_xact_user_tables
WHERE schemaname <> %(schema)s::text AND schemaname NOT LIKE 'pg\_temp%%' AND n_tup_ins + n_tup_upd + n_tup_del > 0
