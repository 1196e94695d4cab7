-- Show an uploaded file with a post, once and last; nothing with a deleted one.
-- post_id, upload_id, media_id: text
UPDATE content_posts
SET media = media || jsonb_build_array(
    jsonb_build_object('upload_id', %(upload_id)s::text, 'media_id', %(media_id)s::text)
)
WHERE post_id = %(post_id)s AND status <> 'deleted'
    AND NOT media @> jsonb_build_array(jsonb_build_object('upload_id', %(upload_id)s::text))
