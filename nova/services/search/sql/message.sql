-- Keep a message, not yet to be found. Of two events of one message the earlier counts; one that is removed stays so.
-- conversation_id, message_id, sender_id, text, folded: text; created_at, sent_at: timestamptz
INSERT INTO search_messages (
    conversation_id, message_id, sender_id, created_at, sent_at, text, folded, is_indexed
)
VALUES (
    %(conversation_id)s, %(message_id)s, %(sender_id)s, %(created_at)s, %(sent_at)s, %(text)s, %(folded)s, false
)
ON CONFLICT (conversation_id, message_id) DO UPDATE SET
    sender_id = excluded.sender_id,
    created_at = excluded.created_at,
    sent_at = excluded.sent_at,
    text = excluded.text,
    folded = excluded.folded,
    is_indexed = false
WHERE search_messages.removed_at IS NULL AND search_messages.sent_at > excluded.sent_at
