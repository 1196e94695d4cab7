-- Remember that a user was deleted for good, so that nothing of the user comes back.
-- user_id: text
INSERT INTO content_erased_users (user_id) VALUES (%(user_id)s) ON CONFLICT (user_id) DO NOTHING
