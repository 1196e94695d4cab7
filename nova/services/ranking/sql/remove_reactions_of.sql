-- Remove all reactions of a user.
-- user_id: text
-- Result: rows (post_id, kind text, number bigint), of how many to each post
WITH removed AS (
    DELETE FROM ranking_reactions WHERE user_id = %(user_id)s::text RETURNING post_id, kind
)
SELECT post_id, kind, count(*) FROM removed GROUP BY post_id, kind
