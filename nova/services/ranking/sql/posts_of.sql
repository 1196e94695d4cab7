-- The ids of a user's posts.
-- user_id: text
-- Result: rows (post_id text)
SELECT post_id FROM ranking_posts WHERE author_id = %(user_id)s::text
