-- Those of the users who are gone.
-- user_ids: text[]
-- Result: rows (user_id text)
SELECT user_id FROM graph_people WHERE user_id = ANY(%(user_ids)s::text[]) AND is_gone
