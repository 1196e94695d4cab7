-- Users who have a term in a name or the e-mail, by id, found from user to user.
-- term: text, case folded; statuses: text[]; after: text, an id or '' for the first page
-- max_walked: bigint, how many users may be looked at, or null for all; max_count: bigint
-- Result: rows (user_id text)
SELECT user_id
FROM (
    SELECT user_id, folded, status
    FROM users_read
    WHERE user_id > %(after)s::text
    ORDER BY user_id
    LIMIT %(max_walked)s::bigint
) AS walked
-- As a function, which the index of trigrams does not answer.
WHERE strpos(folded, %(term)s::text) > 0 AND status = ANY(%(statuses)s::text[])
ORDER BY user_id
LIMIT %(max_count)s::bigint
