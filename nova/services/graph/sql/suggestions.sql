-- People followed by those whom a user follows, and not by the user; those whom most of these follow first. So that it
-- takes a bounded time, of whom the user follows only the latest count, and of each of these the latest whom they follow.
-- user_id: text; max_followed, max_each: bigint
-- common: bigint, other_id: text: after whom the page begins, or null; max_count: bigint
-- Result: rows (user_id text, common bigint)
WITH followed AS MATERIALIZED (
    SELECT followed_id
    FROM graph_follows
    WHERE follower_id = %(user_id)s::text
    ORDER BY since DESC, followed_id DESC
    LIMIT %(max_followed)s::bigint
),
suggested AS (
    SELECT theirs.followed_id AS user_id, count(*) AS common
    FROM followed
    CROSS JOIN LATERAL (
        SELECT followed_id
        FROM graph_follows
        WHERE follower_id = followed.followed_id
        ORDER BY since DESC, followed_id DESC
        LIMIT %(max_each)s::bigint
    ) AS theirs
    WHERE theirs.followed_id <> %(user_id)s::text
    GROUP BY theirs.followed_id
)
SELECT user_id, common
FROM suggested
WHERE NOT EXISTS (
        SELECT FROM graph_follows WHERE follower_id = %(user_id)s::text AND followed_id = suggested.user_id
    )
    AND (common, user_id) < (coalesce(%(common)s::bigint, 9223372036854775807), coalesce(%(other_id)s::text, ''))
ORDER BY common DESC, user_id DESC
LIMIT %(max_count)s::bigint
