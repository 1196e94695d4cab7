-- The newest published posts of some authors, after a place.
-- author_ids: text[]; created_at: timestamptz and post_id: text, both null for the newest; max_count: bigint
-- Result: rows (post_id text), in order
SELECT post.post_id
FROM unnest(%(author_ids)s::text[]) AS author (author_id)
CROSS JOIN LATERAL (
    SELECT post_id, created_at
    FROM content_posts
    WHERE author_id = author.author_id AND status = 'published' AND created_at IS NOT NULL
        AND (
            %(created_at)s::timestamptz IS NULL
            OR (created_at, post_id) < (%(created_at)s::timestamptz, %(post_id)s::text COLLATE "C")
        )
    ORDER BY created_at DESC, post_id DESC
    LIMIT %(max_count)s::bigint
) AS post
ORDER BY post.created_at DESC, post.post_id DESC
LIMIT %(max_count)s::bigint
