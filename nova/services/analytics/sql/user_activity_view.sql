-- What users have done in all, from what they did day by day; of users who are gone there is nothing.
-- keys: text[], ids of users, or null for all
SELECT user_id, min(day) AS first_day, max(day) AS last_day, count(*)::bigint AS active_days, sum(events)::bigint AS events
FROM analytics_user_days
WHERE %(keys)s::text[] IS NULL OR user_id = ANY(%(keys)s::text[])
GROUP BY user_id
