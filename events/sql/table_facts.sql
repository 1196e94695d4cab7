-- Some tables, their rows and how they are read.
-- tables: text[]
-- Result: the columns of events.store.advice.TableFacts, in its order
SELECT
    c.relname, coalesce(s.n_live_tup, 0), coalesce(s.n_dead_tup, 0), pg_total_relation_size(c.oid),
    coalesce(s.seq_scan, 0), coalesce(s.seq_tup_read, 0), greatest(s.last_vacuum, s.last_autovacuum), c.relkind = 'p'
FROM pg_class c
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relname = ANY(%(tables)s::text[]) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
ORDER BY c.relname
