-- Authors that Redis has been told of, locked against change until the transaction ends. Those that somebody is changing
-- now are left out rather than waited for.
-- user_ids: text[]
-- Result: rows (user_id, username, display_name, avatar_url text, deleted_at timestamptz)
SELECT user_id, username, display_name, avatar_url, deleted_at
FROM feed_authors
WHERE user_id = ANY(%(user_ids)s::text[]) AND is_shown
ORDER BY user_id
FOR SHARE SKIP LOCKED
