-- The indexes of some tables, their use and how large they are.
-- tables: text[]
-- Result: the columns of events.store.advice.IndexFacts, in its order
--
-- What a B-tree needs is guessed: entries of 12 bytes and the average width of their columns, on pages nine tenths full.
SELECT
    t.relname, c.relname, i.indisvalid, i.indisunique, pg_get_indexdef(c.oid), coalesce(s.idx_scan, 0),
    pg_relation_size(c.oid),
    CASE WHEN a.amname = 'btree' THEN ceil(greatest(c.reltuples, 0) * (12 + (
        SELECT coalesce(sum(coalesce(p.avg_width, 8)), 8)
        FROM unnest(i.indkey::int[]) AS k(number)
        JOIN pg_attribute x ON x.attrelid = t.oid AND x.attnum = k.number
        LEFT JOIN pg_stats p ON p.schemaname = n.nspname AND p.tablename = t.relname AND p.attname = x.attname
    )) / 0.9)::bigint ELSE 0 END
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
WHERE t.relname = ANY(%(tables)s::text[]) AND pg_table_is_visible(t.oid)
ORDER BY t.relname, c.relname
