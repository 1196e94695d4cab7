-- Record a post as its creation tells it. A status or deletion that came before stays; one erased with its author comes
-- without its words, and deleted.
-- post_id, author_id, caption, media_type, status: text; created_at: timestamptz; score: double precision
INSERT INTO feed_posts (
    post_id, author_id, caption, media_type, status, status_at, created_at, score, deleted_at, is_shown
)
SELECT
    %(post_id)s::text, %(author_id)s::text, CASE WHEN erased_at IS NULL THEN %(caption)s::text ELSE '' END,
    %(media_type)s::text, %(status)s::text, %(created_at)s::timestamptz, %(created_at)s::timestamptz,
    %(score)s::double precision, erased_at, false
FROM (
    SELECT (SELECT deleted_at FROM feed_authors WHERE user_id = %(author_id)s::text AND is_erased) AS erased_at
) AS author
ON CONFLICT (post_id) DO UPDATE SET
    author_id = excluded.author_id,
    caption = CASE WHEN feed_posts.deleted_at IS NULL THEN excluded.caption ELSE '' END,
    media_type = excluded.media_type,
    status = CASE WHEN feed_posts.status_at >= excluded.status_at THEN feed_posts.status ELSE excluded.status END,
    status_at = greatest(feed_posts.status_at, excluded.status_at),
    created_at = excluded.created_at,
    score = excluded.score,
    deleted_at = least(feed_posts.deleted_at, excluded.deleted_at),
    is_shown = false,
    fan_out_after = NULL
