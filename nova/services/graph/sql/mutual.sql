-- Those whom a user follows and who follow the user, by id; whom the user follows are gone through.
-- user_id: text; after: text, an id or '' for the first page; max_count: bigint
-- Result: rows (other_id text)
SELECT followed_id
FROM graph_follows AS there
WHERE follower_id = %(user_id)s::text AND followed_id > %(after)s::text
    AND EXISTS (
        SELECT FROM graph_follows AS back WHERE back.follower_id = there.followed_id AND back.followed_id = there.follower_id
    )
ORDER BY followed_id
LIMIT %(max_count)s::bigint
