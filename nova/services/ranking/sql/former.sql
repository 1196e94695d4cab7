-- Those of the users who are deleted.
-- user_ids: text[]
-- Result: rows (user_id text)
SELECT user_id FROM ranking_former_users WHERE user_id = ANY(%(user_ids)s::text[])
