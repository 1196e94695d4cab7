-- All messages of a conversation that hold the words, found by the index of words, if they are not too many; of them a
-- page, newest first.
-- terms: text, case folded; conversation_id: text; max_matches, max_count: bigint
-- created_at: timestamptz, message_id: text: the message after which the page begins, or null
-- Result: number bigint of those found, and rows (message_id, sender_id, text, created_at timestamptz), or one of nulls;
-- the number is max_matches + 1 where there are more
WITH found AS MATERIALIZED (
    SELECT conversation_id, message_id, created_at
    FROM websearch_to_tsquery('simple', %(terms)s::text) AS query
    INNER JOIN search_messages ON words @@ query
    WHERE conversation_id = %(conversation_id)s::text AND is_indexed
    LIMIT %(max_matches)s::bigint + 1
),
page AS (
    SELECT * FROM found
    WHERE (created_at, message_id) < (
        coalesce(%(created_at)s::timestamptz, 'infinity'), coalesce(%(message_id)s::text, '')
    )
    ORDER BY created_at DESC, message_id DESC
    LIMIT %(max_count)s::bigint
)
SELECT counted.number, message.message_id, message.sender_id, message.text, message.created_at
FROM (SELECT count(*) AS number FROM found) AS counted
LEFT JOIN (page INNER JOIN search_messages AS message USING (conversation_id, message_id))
    ON counted.number <= %(max_matches)s::bigint
ORDER BY message.created_at DESC, message.message_id DESC
