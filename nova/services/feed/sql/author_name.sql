-- Set an author's user name, unless a later one is known or the account is closed for good.
-- user_id, username: text; named_at: timestamptz
INSERT INTO feed_authors (user_id, username, named_at, display_name, avatar_url, is_erased, is_shown)
VALUES (%(user_id)s, %(username)s, %(named_at)s, '', '', false, false)
ON CONFLICT (user_id) DO UPDATE SET
    username = excluded.username,
    named_at = excluded.named_at,
    is_shown = false
WHERE NOT feed_authors.is_erased AND (feed_authors.named_at IS NULL OR feed_authors.named_at <= excluded.named_at)
