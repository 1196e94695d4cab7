-- Let texts follow their conversation: found where its search is on and was on when the message was sent, gone where that
-- can never be, left to wait where a later switch may still say so.
-- conversation_ids: text[]; message_ids: text[], or null for all of the conversations
UPDATE search_messages SET
    is_indexed = rule.is_indexed,
    text = CASE WHEN rule.is_gone THEN '' ELSE search_messages.text END,
    folded = CASE WHEN rule.is_gone THEN '' ELSE search_messages.folded END
FROM search_messages AS message
INNER JOIN search_conversations AS conversation USING (conversation_id)
CROSS JOIN LATERAL (
    SELECT
        coalesce(NOT is_encrypted AND is_enabled AND message.sent_at >= since, false) AS is_indexed,
        coalesce(is_encrypted, false) OR message.sent_at < since OR message.sent_at = since AND NOT is_enabled AS is_gone
) AS rule
WHERE message.conversation_id = ANY(%(conversation_ids)s::text[])
    AND (%(message_ids)s::text[] IS NULL OR message.message_id = ANY(%(message_ids)s::text[]))
    AND message.text <> ''
    AND (rule.is_gone OR message.is_indexed <> rule.is_indexed)
    AND search_messages.conversation_id = message.conversation_id AND search_messages.message_id = message.message_id
