-- Set a post's status, unless a later one is known. A post not heard of yet becomes a row that is no post until it is.
-- post_id, author_id, status: text; status_at: timestamptz
INSERT INTO feed_posts (post_id, author_id, caption, media_type, status, status_at, deleted_at, is_shown)
SELECT %(post_id)s::text, %(author_id)s::text, '', 'none', %(status)s::text, %(status_at)s::timestamptz, erased_at, false
FROM (
    SELECT (SELECT deleted_at FROM feed_authors WHERE user_id = %(author_id)s::text AND is_erased) AS erased_at
) AS author
ON CONFLICT (post_id) DO UPDATE SET
    status = excluded.status,
    status_at = excluded.status_at,
    is_shown = false,
    fan_out_after = NULL
WHERE feed_posts.status_at IS NULL OR feed_posts.status_at <= excluded.status_at
