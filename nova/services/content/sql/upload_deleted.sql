-- Record that an upload is gone, also one not heard of yet. Nothing is kept but that, and which post has taken it.
-- upload_id: text
INSERT INTO content_uploads (upload_id, media_id, user_id, is_deleted, taken_by)
VALUES (%(upload_id)s, '', '', true, '')
ON CONFLICT (upload_id) DO UPDATE SET media_id = '', user_id = '', uploaded_at = NULL, is_deleted = true
