-- Record that somebody follows an author. A repetition is noticed, so that Redis is told again.
-- follower_id, followed_id: text; since: timestamptz
INSERT INTO feed_follows (follower_id, followed_id, since, is_shown)
VALUES (%(follower_id)s, %(followed_id)s, %(since)s, false)
ON CONFLICT (follower_id, followed_id) DO UPDATE SET is_shown = false
