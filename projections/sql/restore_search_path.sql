-- Let names mean what they meant before.
-- search_path: text
-- Result: one row without meaning
SELECT set_config('search_path', %(search_path)s::text, true)
