-- As `all_matching`, for a term that is too short for the index of trigrams: all users are looked at, as they lie.
-- term: text, case folded; statuses: text[]; after: text, an id or '' for the first page; max_matches, max_count: bigint
-- Result: number bigint of those found, and rows (user_id text), or one of nulls; it is max_matches + 1 for more
WITH found AS MATERIALIZED (
    SELECT user_id
    FROM users_read
    WHERE strpos(folded, %(term)s::text) > 0 AND status = ANY(%(statuses)s::text[])
    LIMIT %(max_matches)s::bigint + 1
)
SELECT counted.number, page.user_id
FROM (SELECT count(*) AS number FROM found) AS counted
LEFT JOIN (
    SELECT user_id FROM found WHERE user_id > %(after)s::text ORDER BY user_id LIMIT %(max_count)s::bigint
) AS page ON counted.number <= %(max_matches)s::bigint
ORDER BY page.user_id
