-- Forget what users did, and whatever comes of them later.
-- user_ids: text[]
WITH gone AS (
    INSERT INTO analytics_gone_users (user_id)
    SELECT unnest(%(user_ids)s::text[])
    ON CONFLICT (user_id) DO NOTHING
)
DELETE FROM analytics_user_days WHERE user_id = ANY(%(user_ids)s::text[])
