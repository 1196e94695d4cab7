-- Let names of tables mean those of pg_temp first, until the transaction ends.
-- That is so without it, too; but only a search path that is another makes prepared statements look up their tables anew.
-- Result: one row without meaning
SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)
