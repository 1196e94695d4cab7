-- Write whole posts, new ones and changed ones.
-- posts: json, an array of objects with the columns' names
INSERT INTO ranking_posts (post_id, author_id, status, created_at, is_gone, likes, comments, shares, score)
SELECT post_id, author_id, status, created_at, is_gone, likes, comments, shares, score
FROM json_to_recordset(%(posts)s::json) AS changed (
    post_id text, author_id text, status text, created_at timestamptz, is_gone boolean,
    likes bigint, comments bigint, shares bigint, score double precision
)
ON CONFLICT (post_id) DO UPDATE SET
    author_id = excluded.author_id,
    status = excluded.status,
    created_at = excluded.created_at,
    is_gone = excluded.is_gone,
    likes = excluded.likes,
    comments = excluded.comments,
    shares = excluded.shares,
    score = excluded.score
