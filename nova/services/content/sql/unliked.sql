-- Take a like back, and count it no more.
-- post_id, user_id: text
WITH removed AS (
    DELETE FROM content_likes WHERE post_id = %(post_id)s AND user_id = %(user_id)s RETURNING post_id
)
UPDATE content_posts AS post SET like_count = post.like_count - 1
FROM removed WHERE post.post_id = removed.post_id
