-- Where names without a schema are looked for.
-- Result: one row (search_path text)
SELECT current_setting('search_path')
