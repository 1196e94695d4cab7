-- Add to how many follow users and how many these follow.
-- counts: json, an array of arrays of user, change of followers, change of following
INSERT INTO graph_people (user_id, followers, following, is_gone)
SELECT change ->> 0, (change ->> 1)::bigint, (change ->> 2)::bigint, false
FROM json_array_elements(%(counts)s::json) AS change
ON CONFLICT (user_id) DO UPDATE SET
    followers = graph_people.followers + excluded.followers,
    following = graph_people.following + excluded.following
