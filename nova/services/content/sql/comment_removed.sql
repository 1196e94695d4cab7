-- Remove a comment and count it no more.
-- comment_id: text
WITH removed AS (DELETE FROM content_comments WHERE comment_id = %(comment_id)s RETURNING post_id)
UPDATE content_posts AS post SET comment_count = post.comment_count - 1
FROM removed WHERE post.post_id = removed.post_id
