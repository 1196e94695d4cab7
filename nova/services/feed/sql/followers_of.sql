-- Who follows some authors, by id; so many of each author at most.
-- author_ids: text[]; max_count: bigint
-- Result: rows (author_id, follower_id text)
SELECT author.id, follow.follower_id
FROM unnest(%(author_ids)s::text[]) AS author (id)
CROSS JOIN LATERAL (
    SELECT follower_id
    FROM feed_follows
    WHERE followed_id = author.id AND is_following
    ORDER BY follower_id
    LIMIT %(max_count)s::bigint
) AS follow
