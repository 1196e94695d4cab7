-- Remove a message for good; what remains is that it must not come back, and the earliest time of its removal.
-- conversation_id, message_id: text; removed_at: timestamptz
INSERT INTO search_messages (conversation_id, message_id, sender_id, text, folded, is_indexed, removed_at)
VALUES (%(conversation_id)s, %(message_id)s, '', '', '', false, %(removed_at)s)
ON CONFLICT (conversation_id, message_id) DO UPDATE SET
    sender_id = '',
    created_at = NULL,
    sent_at = NULL,
    text = '',
    folded = '',
    is_indexed = false,
    removed_at = least(search_messages.removed_at, excluded.removed_at)
