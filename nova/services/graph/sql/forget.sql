-- Take a user out of the graph for good.
-- user_id: text
WITH ended AS (
    DELETE FROM graph_follows WHERE follower_id = %(user_id)s::text OR followed_id = %(user_id)s::text
    RETURNING follower_id, followed_id
),
others AS (
    UPDATE graph_people SET
        followers = graph_people.followers - changed.followers,
        following = graph_people.following - changed.following
    FROM (
        SELECT user_id, sum(followers) AS followers, sum(following) AS following
        FROM (
            SELECT follower_id, 0, 1 FROM ended
            UNION ALL
            SELECT followed_id, 1, 0 FROM ended
        ) AS one (user_id, followers, following)
        WHERE user_id <> %(user_id)s::text
        GROUP BY user_id
    ) AS changed
    WHERE graph_people.user_id = changed.user_id
)
INSERT INTO graph_people (user_id, followers, following, is_gone)
VALUES (%(user_id)s, 0, 0, true)
ON CONFLICT (user_id) DO UPDATE SET followers = 0, following = 0, is_gone = true
