-- Let names without a schema mean what is in this one, if it is there, until the transaction ends.
-- schema: text
-- Result: one row (search_path text: as it is now)
SELECT set_config('search_path', concat_ws(', ', quote_ident(%(schema)s::text), nullif(current_setting('search_path'), '')), true)
