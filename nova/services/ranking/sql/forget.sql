-- Remember that a user is deleted.
-- user_id: text
INSERT INTO ranking_former_users (user_id) VALUES (%(user_id)s) ON CONFLICT (user_id) DO NOTHING
