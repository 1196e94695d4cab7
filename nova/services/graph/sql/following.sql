-- Whom a user follows, the latest first.
-- user_id: text; since: timestamptz, other_id: text: after whom the page begins, or null; max_count: bigint
-- Result: rows (followed_id text, since timestamptz)
SELECT followed_id, since
FROM graph_follows
WHERE follower_id = %(user_id)s::text
    AND (since, followed_id) < (coalesce(%(since)s::timestamptz, 'infinity'), coalesce(%(other_id)s::text, ''))
ORDER BY since DESC, followed_id DESC
LIMIT %(max_count)s::bigint
