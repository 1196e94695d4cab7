-- Remove who follows a user and whom the user follows, so many at most.
-- user_id: text; max_count: bigint, or null for all
DELETE FROM feed_follows
WHERE (follower_id, followed_id) IN (
    SELECT follower_id, followed_id
    FROM feed_follows
    WHERE follower_id = %(user_id)s::text OR followed_id = %(user_id)s::text
    LIMIT %(max_count)s::bigint
)
