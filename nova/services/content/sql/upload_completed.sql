-- Record an uploaded file; a post that has taken it stays, and a deletion is final.
-- upload_id, media_id, user_id: text; uploaded_at: timestamptz
INSERT INTO content_uploads (upload_id, media_id, user_id, uploaded_at, is_deleted, taken_by)
VALUES (%(upload_id)s, %(media_id)s, %(user_id)s, %(uploaded_at)s, false, '')
ON CONFLICT (upload_id) DO UPDATE SET
    media_id = excluded.media_id, user_id = excluded.user_id, uploaded_at = excluded.uploaded_at
WHERE NOT content_uploads.is_deleted
