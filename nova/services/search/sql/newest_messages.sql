-- Messages of a conversation that hold the words, newest first, found from message to message.
-- terms: text, case folded; conversation_id: text
-- max_walked: bigint, how many messages may be looked at, or null for all; max_count: bigint
-- created_at: timestamptz, message_id: text: the message after which to look, or null for the newest of all
-- Result: rows (message_id, sender_id, text, created_at timestamptz)
SELECT message_id, sender_id, text, created_at
FROM (
    SELECT message_id, sender_id, text, created_at, words
    FROM search_messages
    WHERE conversation_id = %(conversation_id)s::text AND is_indexed
        AND (created_at, message_id) < (
            coalesce(%(created_at)s::timestamptz, 'infinity'), coalesce(%(message_id)s::text, '')
        )
    ORDER BY created_at DESC, message_id DESC
    LIMIT %(max_walked)s::bigint
) AS walked
INNER JOIN websearch_to_tsquery('simple', %(terms)s::text) AS query ON words @@ query
ORDER BY created_at DESC, message_id DESC
LIMIT %(max_count)s::bigint
