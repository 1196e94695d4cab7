-- Erase what an author has written, which leaves with an account that is closed for good.
-- author_id: text; deleted_at: timestamptz
UPDATE feed_posts
SET caption = '', deleted_at = coalesce(deleted_at, %(deleted_at)s::timestamptz), is_shown = false
WHERE author_id = %(author_id)s
