-- Write whole users, new ones and changed ones.
-- users: json, an array of objects with the columns' names
INSERT INTO users_read (
    user_id, username, display_name, email, avatar_url, is_verified, follower_count, roles, status, is_erased,
    created_at, updated_at, deleted_at, folded
)
SELECT
    user_id, username, display_name, email, avatar_url, is_verified, follower_count, roles, status, is_erased,
    created_at, updated_at, deleted_at, folded
FROM json_to_recordset(%(users)s::json) AS changed (
    user_id text, username text, display_name text, email text, avatar_url text, is_verified boolean,
    follower_count bigint, roles text[], status text, is_erased boolean, created_at timestamptz,
    updated_at timestamptz, deleted_at timestamptz, folded text
)
ON CONFLICT (user_id) DO UPDATE SET
    username = excluded.username,
    display_name = excluded.display_name,
    email = excluded.email,
    avatar_url = excluded.avatar_url,
    is_verified = excluded.is_verified,
    follower_count = excluded.follower_count,
    roles = excluded.roles,
    status = excluded.status,
    is_erased = excluded.is_erased,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    deleted_at = excluded.deleted_at,
    folded = excluded.folded
