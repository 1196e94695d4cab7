-- Remove all reactions to posts.
-- post_ids: text[]
DELETE FROM ranking_reactions WHERE post_id = ANY(%(post_ids)s::text[])
