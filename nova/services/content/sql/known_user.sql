-- Set what an event says of a user, field by field, unless something later is known of it or the user is deleted.
-- user_id: text; is_created: boolean, whether the event is the user's creation
-- username, email: text, null where the event does not speak of them; said_at: timestamptz
INSERT INTO content_users (user_id, username, named_at, email, emailed_at, is_created, is_deleted)
VALUES (
    %(user_id)s,
    coalesce(%(username)s::text, ''), CASE WHEN %(username)s::text IS NOT NULL THEN %(said_at)s::timestamptz END,
    coalesce(%(email)s::text, ''), CASE WHEN %(email)s::text IS NOT NULL THEN %(said_at)s::timestamptz END,
    %(is_created)s, false
)
ON CONFLICT (user_id) DO UPDATE SET
    username = CASE
        WHEN excluded.named_at >= content_users.named_at OR content_users.named_at IS NULL AND excluded.named_at IS NOT NULL
        THEN excluded.username ELSE content_users.username
    END,
    named_at = greatest(content_users.named_at, excluded.named_at),
    email = CASE
        WHEN excluded.emailed_at >= content_users.emailed_at
            OR content_users.emailed_at IS NULL AND excluded.emailed_at IS NOT NULL
        THEN excluded.email ELSE content_users.email
    END,
    emailed_at = greatest(content_users.emailed_at, excluded.emailed_at),
    is_created = content_users.is_created OR excluded.is_created
WHERE NOT content_users.is_deleted
