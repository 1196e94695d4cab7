-- Those of the reactions that there are.
-- reactions: json, an array of arrays of post, kind and reaction
-- Result: rows (post_id, kind, reaction_id text)
SELECT post_id, kind, reaction_id
FROM json_array_elements(%(reactions)s::json) AS one
INNER JOIN ranking_reactions ON post_id = one ->> 0 AND kind = one ->> 1 AND reaction_id = one ->> 2
