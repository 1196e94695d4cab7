-- Record which post has taken an uploaded file; the first one that is heard of stays.
-- upload_id, post_id: text
INSERT INTO content_uploads (upload_id, media_id, user_id, is_deleted, taken_by)
VALUES (%(upload_id)s, '', '', false, %(post_id)s)
ON CONFLICT (upload_id) DO UPDATE SET taken_by = excluded.taken_by
WHERE content_uploads.taken_by = ''
