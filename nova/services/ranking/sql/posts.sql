-- Posts as the projection last left them.
-- post_ids: text[]
-- Result: rows for nova.services.ranking.projections.PostRow, in the order of its fields
SELECT post_id, author_id, status, created_at, is_gone, likes, comments, shares
FROM ranking_posts
WHERE post_id = ANY(%(post_ids)s::text[])
