-- Write follows, new ones and such as were begun anew.
-- follows: json, an array of arrays of follower, followed and since
INSERT INTO graph_follows (follower_id, followed_id, since)
SELECT follow ->> 0, follow ->> 1, (follow ->> 2)::timestamptz FROM json_array_elements(%(follows)s::json) AS follow
ON CONFLICT (follower_id, followed_id) DO UPDATE SET since = excluded.since
