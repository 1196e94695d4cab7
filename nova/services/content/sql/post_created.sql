-- Record a post as its creation tells it, unless that was heard of before. What came earlier stays: a status, counts. A
-- deleted post, and one whose author was erased, comes without its words.
-- post_id, author_id, caption, media_type, status: text; created_at, updated_at: timestamptz
INSERT INTO content_posts (
    post_id, author_id, caption, media_type, status, text_version, media, created_at, updated_at, deleted_at,
    like_count, share_count, comment_count
)
SELECT
    %(post_id)s::text, %(author_id)s::text, CASE WHEN is_erased THEN '' ELSE %(caption)s::text END,
    %(media_type)s::text, CASE WHEN is_erased THEN 'deleted' ELSE %(status)s::text END, 1, '[]',
    %(created_at)s::timestamptz, %(updated_at)s::timestamptz,
    CASE WHEN is_erased THEN %(updated_at)s::timestamptz END, 0, 0, 0
FROM (SELECT EXISTS (SELECT FROM content_erased_users WHERE user_id = %(author_id)s::text) AS is_erased) AS author
ON CONFLICT (post_id) DO UPDATE SET
    author_id = excluded.author_id,
    caption = CASE WHEN content_posts.status = 'deleted' THEN '' ELSE excluded.caption END,
    media_type = excluded.media_type,
    status = CASE
        WHEN content_posts.status = '' OR excluded.status = 'deleted' THEN excluded.status ELSE content_posts.status
    END,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    deleted_at = coalesce(content_posts.deleted_at, excluded.deleted_at)
WHERE content_posts.created_at IS NULL
