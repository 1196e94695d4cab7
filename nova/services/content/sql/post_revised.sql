-- Count a new text of a post.
-- post_id: text; text_version: bigint; updated_at: timestamptz
UPDATE content_posts SET text_version = %(text_version)s, updated_at = %(updated_at)s
WHERE post_id = %(post_id)s AND status <> 'deleted'
