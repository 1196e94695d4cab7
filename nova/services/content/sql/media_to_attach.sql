-- Uploads of some users that wait for a post, of a stretch of time, each with the post that is to take it: the first one
-- that its author has created since, within the lifetime.
-- user_ids: text[]; since, until: timestamptz, when they were completed; lifetime: double precision, in seconds
-- Result: rows (upload_id, media_id, post_id text)
SELECT upload.upload_id, upload.media_id, taker.post_id
FROM content_uploads AS upload
CROSS JOIN LATERAL (
    SELECT post_id
    FROM content_media_takers
    WHERE user_id = upload.user_id
        AND created_at >= upload.uploaded_at
        AND created_at < upload.uploaded_at + make_interval(secs => %(lifetime)s)
    ORDER BY created_at, post_id
    LIMIT 1
) AS taker
WHERE upload.user_id = ANY(%(user_ids)s::text[]) AND upload.taken_by = '' AND NOT upload.is_deleted
    AND upload.uploaded_at BETWEEN %(since)s AND %(until)s
ORDER BY upload.uploaded_at, upload.upload_id
