-- Who follows a user, the latest first.
-- user_id: text; since: timestamptz, other_id: text: after whom the page begins, or null; max_count: bigint
-- Result: rows (follower_id text, since timestamptz)
SELECT follower_id, since
FROM graph_follows
WHERE followed_id = %(user_id)s::text
    AND (since, follower_id) < (coalesce(%(since)s::timestamptz, 'infinity'), coalesce(%(other_id)s::text, ''))
ORDER BY since DESC, follower_id DESC
LIMIT %(max_count)s::bigint
