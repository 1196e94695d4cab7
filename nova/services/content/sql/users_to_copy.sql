-- Users that can be shown, locked against change until the transaction ends. Those that somebody is changing now are
-- left out rather than waited for.
-- user_ids: text[]
-- Result: rows (user_id, username, email text)
SELECT user_id, username, email
FROM content_users
WHERE user_id = ANY(%(user_ids)s::text[]) AND is_created AND NOT is_deleted
ORDER BY user_id
FOR UPDATE SKIP LOCKED
