-- Erase what an author has written whose account is closed for good; nothing happens where it is not.
-- author_id: text
UPDATE feed_posts AS post
SET caption = '', deleted_at = least(post.deleted_at, author.deleted_at), is_shown = false, fan_out_after = NULL
FROM feed_authors AS author
WHERE author.user_id = %(author_id)s AND author.is_erased AND post.author_id = %(author_id)s
    AND (post.caption <> '' OR post.deleted_at IS NULL OR post.deleted_at > author.deleted_at)
