-- Keep that a materialised view is as of this transaction's beginning.
-- name: text
INSERT INTO projection_views (name, refreshed_at, seconds, error, attempts, is_asked_for)
VALUES ({name}, now(), 0, '', 0, false)
ON CONFLICT (name) DO UPDATE SET refreshed_at = excluded.refreshed_at, error = '', attempts = 0, retry_at = NULL
