-- Remove all likes of a user, and count them no more.
-- user_id: text
WITH removed AS (DELETE FROM content_likes WHERE user_id = %(user_id)s RETURNING post_id)
UPDATE content_posts AS post SET like_count = post.like_count - gone.number
FROM (SELECT post_id, count(*) AS number FROM removed GROUP BY post_id) AS gone
WHERE post.post_id = gone.post_id
