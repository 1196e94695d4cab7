-- Set a post's status; a deletion is final.
-- post_id, status: text; updated_at: timestamptz
INSERT INTO content_posts (
    post_id, author_id, caption, media_type, status, text_version, media, updated_at, like_count, share_count, comment_count
)
VALUES (%(post_id)s, '', '', 'none', %(status)s, 1, '[]', %(updated_at)s, 0, 0, 0)
ON CONFLICT (post_id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at
WHERE content_posts.status <> 'deleted'
