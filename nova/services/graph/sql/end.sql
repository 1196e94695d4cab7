-- Remove follows.
-- pairs: json, an array of arrays of follower and followed
DELETE FROM graph_follows USING json_array_elements(%(pairs)s::json) AS pair
WHERE follower_id = pair ->> 0 AND followed_id = pair ->> 1
