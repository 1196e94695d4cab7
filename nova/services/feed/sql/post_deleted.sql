-- Delete a post for good, also one not heard of yet.
-- post_id, author_id: text; deleted_at: timestamptz
INSERT INTO feed_posts (post_id, author_id, caption, media_type, status, deleted_at, is_shown)
VALUES (%(post_id)s, %(author_id)s, '', 'none', 'deleted', %(deleted_at)s, false)
ON CONFLICT (post_id) DO UPDATE SET
    caption = '',
    deleted_at = coalesce(feed_posts.deleted_at, excluded.deleted_at),
    is_shown = false
