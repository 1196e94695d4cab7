-- The newest posts of some authors: those that can be seen, or all whose creation is known. So many of each at most.
-- author_ids: text[]; can_be_seen: boolean; max_count: bigint
-- Result: rows (author_id text, score double precision, post_id text)
SELECT author.id, post.score, post.post_id
FROM unnest(%(author_ids)s::text[]) AS author (id)
CROSS JOIN LATERAL (
    SELECT score, post_id
    FROM feed_posts
    WHERE author_id = author.id AND score IS NOT NULL
        AND (NOT %(can_be_seen)s::boolean OR status = 'published' AND deleted_at IS NULL)
    ORDER BY score DESC, post_id DESC
    LIMIT %(max_count)s::bigint
) AS post
