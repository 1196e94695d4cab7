-- Record that a post may take what its author has uploaded; what is known of it stays.
-- post_id, user_id: text; created_at: timestamptz
INSERT INTO content_media_takers (post_id, user_id, created_at)
VALUES (%(post_id)s, %(user_id)s, %(created_at)s)
ON CONFLICT (post_id) DO NOTHING
