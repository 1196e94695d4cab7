-- What waits for the posts of some users, newest last.
-- user_ids: text[]; since: timestamptz
-- Result: rows (user_id, upload_id, media_id text, uploaded_at timestamptz)
SELECT user_id, upload_id, media_id, uploaded_at
FROM content_uploads
WHERE user_id = ANY(%(user_ids)s::text[]) AND taken_by = '' AND NOT is_deleted AND uploaded_at > %(since)s
ORDER BY uploaded_at, upload_id
