-- Set what is known of an author, unless something later is known or the account is closed for good. The user name has a
-- time of its own, for it may change alone.
-- user_id, username, display_name, avatar_url: text; changed_at: timestamptz
INSERT INTO feed_authors (user_id, username, named_at, display_name, avatar_url, changed_at, is_erased, is_shown)
VALUES (
    %(user_id)s, %(username)s, %(changed_at)s, %(display_name)s, %(avatar_url)s, %(changed_at)s, false, false
)
ON CONFLICT (user_id) DO UPDATE SET
    username = CASE WHEN feed_authors.named_at > excluded.named_at THEN feed_authors.username ELSE excluded.username END,
    named_at = greatest(feed_authors.named_at, excluded.named_at),
    display_name = excluded.display_name,
    avatar_url = excluded.avatar_url,
    changed_at = excluded.changed_at,
    is_shown = false
WHERE NOT feed_authors.is_erased AND (feed_authors.changed_at IS NULL OR feed_authors.changed_at <= excluded.changed_at)
