-- Users as the projection last left them.
-- user_ids: text[]
-- Result: rows for nova.services.identity.projections.UserRow, in the order of its fields
SELECT
    user_id, username, display_name, email, avatar_url, is_verified, follower_count, roles, status, is_erased,
    created_at, updated_at, deleted_at
FROM users_read
WHERE user_id = ANY(%(user_ids)s::text[])
