-- The newest posts that a follower may see, after a place in the feed.
-- follower_id: text; score: double precision and post_id: text, both null for the newest; max_count: bigint
-- Result: rows (post_id text, author_id text, caption text, media_type text, created_at timestamptz, score)
SELECT post.post_id, post.author_id, post.caption, post.media_type, post.created_at, post.score
FROM feed_follows AS follow
LEFT JOIN feed_authors AS author ON author.user_id = follow.followed_id
CROSS JOIN LATERAL (
    SELECT *
    FROM feed_posts
    WHERE author_id = follow.followed_id
        AND status = 'published' AND deleted_at IS NULL AND created_at IS NOT NULL
        AND (
            %(score)s::double precision IS NULL
            OR (score, post_id) < (%(score)s::double precision, %(post_id)s::text COLLATE "C")
        )
    ORDER BY score DESC, post_id DESC
    LIMIT %(max_count)s::bigint
) AS post
WHERE follow.follower_id = %(follower_id)s AND follow.is_following AND author.deleted_at IS NULL
ORDER BY post.score DESC, post.post_id DESC
LIMIT %(max_count)s::bigint
