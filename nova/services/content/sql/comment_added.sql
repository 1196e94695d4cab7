-- Add a comment and count it, once; none to a deleted post, and none by somebody who was erased.
-- comment_id, post_id, author_id: text; created_at: timestamptz
WITH added AS (
    INSERT INTO content_comments (comment_id, post_id, author_id, created_at)
    SELECT %(comment_id)s::text, %(post_id)s::text, %(author_id)s::text, %(created_at)s::timestamptz
    WHERE NOT EXISTS (SELECT FROM content_erased_users WHERE user_id = %(author_id)s::text)
        AND NOT EXISTS (SELECT FROM content_posts WHERE post_id = %(post_id)s::text AND status = 'deleted')
    ON CONFLICT (comment_id) DO NOTHING
    RETURNING post_id
)
INSERT INTO content_posts (
    post_id, author_id, caption, media_type, status, text_version, media, like_count, share_count, comment_count
)
SELECT post_id, '', '', 'none', '', 1, '[]', 0, 0, 1 FROM added
ON CONFLICT (post_id) DO UPDATE SET comment_count = content_posts.comment_count + 1
