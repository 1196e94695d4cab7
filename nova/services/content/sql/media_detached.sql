-- Show an uploaded file with a post no longer.
-- post_id, upload_id: text
UPDATE content_posts
SET media = coalesce(
    (
        SELECT jsonb_agg(one ORDER BY place)
        FROM jsonb_array_elements(media) WITH ORDINALITY AS shown (one, place)
        WHERE one ->> 'upload_id' <> %(upload_id)s
    ),
    '[]'
)
WHERE post_id = %(post_id)s
