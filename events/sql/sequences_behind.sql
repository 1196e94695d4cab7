-- sequences_behind(): the sequences of tables whose next number some row has already, as after a restore that brought
-- back rows and not their sequences. Whatever is written next is refused by the key, or comes to stand before older rows.
-- Result: (table_name, column_name, next_number, highest), by table
--
-- Each table costs one look at the end of the index on its numbers; one without such an index is passed over. A
-- statement's snapshot is older than what it reads of a sequence, so a sound sequence is never reported.
CREATE OR REPLACE FUNCTION sequences_behind()
RETURNS TABLE (table_name text, column_name text, next_number bigint, highest bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    sequence regclass;
    numbered regclass;
BEGIN
    FOR sequence, numbered, table_name, column_name IN
        SELECT s.oid, t.oid, t.relname, a.attname
        FROM pg_class s
        JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement = 1
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
        JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE pg_table_is_visible(t.oid) AND has_table_privilege(t.oid, 'SELECT')
            AND has_sequence_privilege(s.oid, 'SELECT')
            AND EXISTS (
                SELECT FROM pg_index i
                JOIN pg_class c ON c.oid = i.indexrelid
                JOIN pg_am m ON m.oid = c.relam
                WHERE i.indrelid = t.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid
                    AND m.amname = 'btree'
            )
        ORDER BY t.relname, a.attnum
    LOOP
        EXECUTE format(
            'SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END, (SELECT max(%I) FROM %s) FROM %s',
            column_name, numbered, sequence
        ) INTO next_number, highest;
        IF next_number <= highest THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
