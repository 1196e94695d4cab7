-- Delete a post for good, also one not heard of yet: its words go, and so do its comments and the likes of it.
-- post_id: text; deleted_at: timestamptz
WITH comments AS (DELETE FROM content_comments WHERE post_id = %(post_id)s::text),
likes AS (DELETE FROM content_likes WHERE post_id = %(post_id)s::text)
INSERT INTO content_posts (
    post_id, author_id, caption, media_type, status, text_version, media, updated_at, deleted_at,
    like_count, share_count, comment_count
)
VALUES (%(post_id)s, '', '', 'none', 'deleted', 1, '[]', %(deleted_at)s, %(deleted_at)s, 0, 0, 0)
ON CONFLICT (post_id) DO UPDATE SET
    caption = '',
    media = '[]',
    status = 'deleted',
    updated_at = excluded.updated_at,
    deleted_at = excluded.deleted_at,
    like_count = 0,
    comment_count = 0
WHERE content_posts.status <> 'deleted'
