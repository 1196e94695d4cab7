-- All users who have a term in a name or the e-mail, found by the index of trigrams, if they are not too many; of them a
-- page by id.
-- pattern: text, for LIKE; statuses: text[]; after: text, an id or '' for the first page; max_matches, max_count: bigint
-- Result: number bigint of those found, and rows (user_id text), or one of nulls; it is max_matches + 1 for more
WITH found AS MATERIALIZED (
    SELECT user_id
    FROM users_read
    WHERE folded LIKE %(pattern)s::text AND status = ANY(%(statuses)s::text[])
    LIMIT %(max_matches)s::bigint + 1
)
SELECT counted.number, page.user_id
FROM (SELECT count(*) AS number FROM found) AS counted
LEFT JOIN (
    SELECT user_id FROM found WHERE user_id > %(after)s::text ORDER BY user_id LIMIT %(max_count)s::bigint
) AS page ON counted.number <= %(max_matches)s::bigint
ORDER BY page.user_id
