-- Record that somebody likes a post and count it, once; none of a deleted post, and none of somebody who was erased.
-- post_id, user_id: text
WITH added AS (
    INSERT INTO content_likes (post_id, user_id)
    SELECT %(post_id)s::text, %(user_id)s::text
    WHERE NOT EXISTS (SELECT FROM content_erased_users WHERE user_id = %(user_id)s::text)
        AND NOT EXISTS (SELECT FROM content_posts WHERE post_id = %(post_id)s::text AND status = 'deleted')
    ON CONFLICT (post_id, user_id) DO NOTHING
    RETURNING post_id
)
INSERT INTO content_posts (
    post_id, author_id, caption, media_type, status, text_version, media, like_count, share_count, comment_count
)
SELECT post_id, '', '', 'none', '', 1, '[]', 1, 0, 0 FROM added
ON CONFLICT (post_id) DO UPDATE SET like_count = content_posts.like_count + 1
