-- Delete all posts of a user, with their words, their comments and the likes of them.
-- user_id: text; deleted_at: timestamptz
WITH deleted AS (
    UPDATE content_posts
    SET
        caption = '', media = '[]', status = 'deleted', updated_at = %(deleted_at)s::timestamptz,
        deleted_at = %(deleted_at)s::timestamptz, like_count = 0, comment_count = 0
    WHERE author_id = %(user_id)s::text AND status <> 'deleted'
    RETURNING post_id
),
comments AS (DELETE FROM content_comments WHERE post_id IN (SELECT post_id FROM deleted))
DELETE FROM content_likes WHERE post_id IN (SELECT post_id FROM deleted)
