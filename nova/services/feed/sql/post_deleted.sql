-- Delete a post for good, also one not heard of yet. The earliest time stands, be it its own or that of its author's end.
-- post_id, author_id: text; deleted_at: timestamptz
INSERT INTO feed_posts (post_id, author_id, caption, media_type, status, deleted_at, is_shown)
SELECT %(post_id)s::text, %(author_id)s::text, '', 'none', 'deleted', least(%(deleted_at)s::timestamptz, erased_at), false
FROM (
    SELECT (SELECT deleted_at FROM feed_authors WHERE user_id = %(author_id)s::text AND is_erased) AS erased_at
) AS author
ON CONFLICT (post_id) DO UPDATE SET
    caption = '',
    deleted_at = least(feed_posts.deleted_at, excluded.deleted_at),
    is_shown = false,
    fan_out_after = NULL
