-- Record that somebody follows an author or does so no longer, unless something later is known. A repetition is noticed,
-- so that Redis is told again. Of accounts that are closed for good nothing is recorded.
-- follower_id, followed_id: text; is_following: boolean; since: timestamptz
INSERT INTO feed_follows (follower_id, followed_id, is_following, since, is_shown)
SELECT %(follower_id)s::text, %(followed_id)s::text, %(is_following)s::boolean, %(since)s::timestamptz, false
WHERE NOT EXISTS (
    SELECT FROM feed_authors WHERE user_id IN (%(follower_id)s::text, %(followed_id)s::text) AND is_erased
)
ON CONFLICT (follower_id, followed_id) DO UPDATE SET
    is_following = excluded.is_following,
    since = excluded.since,
    is_shown = false
WHERE feed_follows.since <= excluded.since
