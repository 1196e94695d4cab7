-- Why tables cannot be exchanged for others of the same definition; no row where they can.
-- tables: text[], as statements name them
-- Result: rows (table text, obstacle text)
WITH wanted AS (
    SELECT name, to_regclass(quote_ident(name))::oid AS id FROM unnest(%(tables)s::text[]) AS named (name)
),
found AS (
    SELECT wanted.name, pg_class.* FROM wanted JOIN pg_class ON pg_class.oid = wanted.id
)
SELECT wanted.name, 'there is no such table in the search path'
FROM wanted
WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = wanted.id AND relkind = 'r' AND relpersistence = 'p')
UNION
SELECT name, 'another role owns it' FROM found WHERE NOT pg_has_role(relowner, 'USAGE')
UNION
SELECT name, 'it has row security' FROM found WHERE relrowsecurity
UNION
SELECT name, 'it is part of an inheritance'
FROM found JOIN pg_inherits ON found.oid IN (inhrelid, inhparent)
UNION
SELECT name, format('the trigger %%s is on it', tgname)
FROM found JOIN pg_trigger ON tgrelid = found.oid AND NOT tgisinternal
UNION
SELECT name, format('the extended statistics %%s are of it', stxname)
FROM found JOIN pg_statistic_ext ON stxrelid = found.oid
UNION
SELECT name, format('the publication %%s names it', pubname)
FROM found JOIN pg_publication_rel ON prrelid = found.oid JOIN pg_publication ON pg_publication.oid = prpubid
UNION
SELECT name, format('the foreign key %%s of %%s crosses the border of the projection''s tables', conname, conrelid::regclass)
FROM found JOIN pg_constraint ON contype = 'f' AND found.oid IN (conrelid, confrelid)
WHERE conrelid NOT IN (SELECT oid FROM found) OR confrelid NOT IN (SELECT oid FROM found)
UNION
-- A view stays with the table that it was made of, whatever that table is called later.
SELECT name, format('the view or rule %%s of %%s depends on it', rulename, ev_class::regclass)
FROM found
JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = found.oid AND classid = 'pg_rewrite'::regclass
JOIN pg_rewrite ON pg_rewrite.oid = objid
UNION
SELECT name, format('%%s depends on it', pg_describe_object(classid, objid, objsubid))
FROM found
JOIN pg_depend ON (refclassid, refobjid) IN (('pg_class'::regclass, found.oid), ('pg_type'::regclass, reltype))
WHERE deptype = 'n' AND (classid = 'pg_proc'::regclass OR refclassid = 'pg_type'::regclass)
UNION
SELECT name, format('its column %%s draws from a sequence that is not its identity', attname)
FROM found
JOIN pg_attrdef ON adrelid = found.oid
JOIN pg_attribute ON attrelid = found.oid AND attnum = adnum
JOIN pg_depend ON classid = 'pg_attrdef'::regclass AND objid = pg_attrdef.oid AND refclassid = 'pg_class'::regclass
JOIN pg_class AS sequence ON sequence.oid = refobjid AND sequence.relkind = 'S'
ORDER BY 1, 2
