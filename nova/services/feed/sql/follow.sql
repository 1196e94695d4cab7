-- Record that somebody follows an author or does so no longer, unless something later is known. A repetition is noticed,
-- so that Redis is told again.
-- follower_id, followed_id: text; is_following: boolean; since: timestamptz
INSERT INTO feed_follows (follower_id, followed_id, is_following, since, is_shown)
VALUES (%(follower_id)s, %(followed_id)s, %(is_following)s, %(since)s, false)
ON CONFLICT (follower_id, followed_id) DO UPDATE SET
    is_following = excluded.is_following,
    since = excluded.since,
    is_shown = false
WHERE feed_follows.since <= excluded.since
