-- Posts of an author that have a place; as `hot`.
-- author_id: text
-- score: double precision, post_id: text: of the post after which the page begins, or null; max_count: bigint
-- Result: rows (post_id, author_id text, created_at timestamptz, likes, comments, shares bigint, score double precision)
SELECT post_id, author_id, created_at, likes, comments, shares, score
FROM ranking_posts
WHERE author_id = %(author_id)s::text AND score IS NOT NULL
    AND (score, post_id) < (coalesce(%(score)s::double precision, 'infinity'), coalesce(%(post_id)s::text, ''))
ORDER BY score DESC, post_id DESC
LIMIT %(max_count)s::bigint
