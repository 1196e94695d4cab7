-- Posts that Redis has been told of, locked against change until the transaction ends. Those that somebody is changing
-- now are left out rather than waited for.
-- post_ids: text[]
-- Result: rows (post_id, author_id, caption, media_type, status text, deleted_at, created_at timestamptz, score)
SELECT post_id, author_id, caption, media_type, status, deleted_at, created_at, score
FROM feed_posts
WHERE post_id = ANY(%(post_ids)s::text[]) AND is_shown
ORDER BY post_id
FOR SHARE SKIP LOCKED
