-- Those of the pairs of which the one follows the other, and since when.
-- pairs: json, an array of arrays of follower and followed
-- Result: rows (follower_id, followed_id text, since timestamptz)
SELECT follower_id, followed_id, since
FROM json_array_elements(%(pairs)s::json) AS pair
INNER JOIN graph_follows ON follower_id = pair ->> 0 AND followed_id = pair ->> 1
