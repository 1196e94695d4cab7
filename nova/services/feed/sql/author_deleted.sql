-- Close an account, for good or not; for good takes the names with it. The earliest time at which it was closed stands.
-- user_id: text; deleted_at: timestamptz; for_good: boolean
INSERT INTO feed_authors (user_id, username, display_name, avatar_url, deleted_at, is_erased, is_shown)
VALUES (%(user_id)s, '', '', '', %(deleted_at)s, %(for_good)s, false)
ON CONFLICT (user_id) DO UPDATE SET
    username = CASE WHEN excluded.is_erased THEN '' ELSE feed_authors.username END,
    display_name = CASE WHEN excluded.is_erased THEN '' ELSE feed_authors.display_name END,
    avatar_url = CASE WHEN excluded.is_erased THEN '' ELSE feed_authors.avatar_url END,
    named_at = CASE WHEN excluded.is_erased THEN NULL ELSE feed_authors.named_at END,
    changed_at = CASE WHEN excluded.is_erased THEN NULL ELSE feed_authors.changed_at END,
    deleted_at = least(feed_authors.deleted_at, excluded.deleted_at),
    is_erased = feed_authors.is_erased OR excluded.is_erased,
    is_shown = false
