-- The statements that make tables of the same definition in another schema, in this order, when it is first in the
-- search path. Run this before it is: names are without a schema where they are those of a projection's own tables.
-- schema: text; tables: text[], as statements name them
-- Result: rows (is_late boolean: an index that is cheaper to make of a filled table; statement text)
WITH live AS (
    SELECT pg_class.* FROM unnest(%(tables)s::text[]) AS named (name)
    JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(name))
),
statements AS (
    SELECT 1 AS turn, format(
        'CREATE TABLE %%I.%%I (LIKE %%s INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS)%%s',
        %(schema)s::text, relname, oid::regclass, ' WITH (' || array_to_string(reloptions, ', ') || ')'
    ) AS statement
    FROM live
    UNION ALL
    SELECT 2, format('ALTER TABLE %%I.%%I OWNER TO %%I', %(schema)s::text, relname, pg_get_userbyid(relowner))
    FROM live WHERE pg_get_userbyid(relowner) <> current_user
    UNION ALL
    SELECT 2, format('COMMENT ON TABLE %%I.%%I IS %%L', %(schema)s::text, relname, obj_description(oid, 'pg_class'))
    FROM live WHERE obj_description(oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 3, format(
        'ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(schema)s::text, relname, conname, pg_get_constraintdef(pg_constraint.oid, true)
    )
    FROM live JOIN pg_constraint ON conrelid = live.oid AND contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 4, format(
        'ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(schema)s::text, relname, conname, pg_get_constraintdef(pg_constraint.oid, true)
    )
    FROM live JOIN pg_constraint ON conrelid = live.oid AND contype = 'f'
    UNION ALL
    -- A projection finds its rows by B-trees; what is for searching, such as GIN, waits until the table is filled.
    SELECT CASE WHEN pg_am.amname IN ('btree', 'hash') THEN 5 ELSE 9 END, pg_get_indexdef(indexrelid, 0, true)
    FROM live
    JOIN pg_index ON indrelid = live.oid
    JOIN pg_class AS index ON index.oid = indexrelid
    JOIN pg_am ON pg_am.oid = index.relam
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 6, format(
        'GRANT %%s ON %%I.%%I TO %%s%%s', privilege_type, %(schema)s::text, relname,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END
    )
    FROM live, aclexplode(relacl) WHERE grantee <> relowner
    UNION ALL
    SELECT 6, format(
        'GRANT %%s (%%I) ON %%I.%%I TO %%s%%s', privilege_type, attname, %(schema)s::text, relname,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END
    )
    FROM live JOIN pg_attribute ON attrelid = live.oid AND attnum > 0, aclexplode(attacl) WHERE grantee <> relowner
)
SELECT turn = 9, statement FROM statements ORDER BY turn, statement
