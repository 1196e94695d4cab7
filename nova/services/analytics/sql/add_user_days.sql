-- Add to what users did on days, but for those who are gone. In one order, so that no two transactions wait crosswise.
-- user_ids: text[]; days: date[]; counts: bigint[], each of one length
INSERT INTO analytics_user_days (user_id, day, events)
SELECT user_id, day, count
FROM unnest(%(user_ids)s::text[], %(days)s::date[], %(counts)s::bigint[]) AS added (user_id, day, count)
WHERE NOT EXISTS (SELECT FROM analytics_gone_users AS gone WHERE gone.user_id = added.user_id)
ORDER BY user_id COLLATE "C", day
ON CONFLICT (user_id, day) DO UPDATE SET events = analytics_user_days.events + excluded.events
