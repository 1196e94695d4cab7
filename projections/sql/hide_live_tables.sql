-- Let names of tables mean those of pg_temp first, until the transaction ends.
-- They do so without it, too; but that prepared statements look up their tables anew is promised for a changed path alone.
-- Result: one row without meaning
SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)
