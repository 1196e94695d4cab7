-- Add reactions.
-- reactions: json, an array of arrays of post, kind, reaction and user
INSERT INTO ranking_reactions (post_id, kind, reaction_id, user_id)
SELECT one ->> 0, one ->> 1, one ->> 2, one ->> 3 FROM json_array_elements(%(reactions)s::json) AS one
