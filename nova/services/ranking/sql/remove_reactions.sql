-- Remove reactions.
-- reactions: json, an array of arrays of post, kind and reaction
DELETE FROM ranking_reactions USING json_array_elements(%(reactions)s::json) AS one
WHERE post_id = one ->> 0 AND kind = one ->> 1 AND reaction_id = one ->> 2
