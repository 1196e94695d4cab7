-- Those of some users who have uploaded what no post has taken.
-- user_ids: text[]
-- Result: rows (user_id text)
SELECT DISTINCT user_id
FROM content_uploads
WHERE user_id = ANY(%(user_ids)s::text[]) AND taken_by = '' AND NOT is_deleted
