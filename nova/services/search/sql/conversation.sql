-- Set whether the messages of a conversation may be searched. Once encrypted is encrypted for good; of switches the last
-- one counts, and a repetition of it does not begin anew.
-- conversation_id: text; is_encrypted: boolean, null where the event does not say it
-- is_enabled: boolean; timestamp: timestamptz
INSERT INTO search_conversations (conversation_id, is_encrypted, is_enabled, since, told_at)
VALUES (%(conversation_id)s, %(is_encrypted)s::boolean, %(is_enabled)s, %(timestamp)s, %(timestamp)s)
ON CONFLICT (conversation_id) DO UPDATE SET
    is_encrypted = CASE
        WHEN search_conversations.is_encrypted THEN true
        ELSE coalesce(excluded.is_encrypted, search_conversations.is_encrypted)
    END,
    is_enabled = CASE
        WHEN excluded.told_at >= search_conversations.told_at THEN excluded.is_enabled
        ELSE search_conversations.is_enabled
    END,
    since = CASE
        WHEN excluded.told_at >= search_conversations.told_at AND excluded.is_enabled <> search_conversations.is_enabled
        THEN excluded.since ELSE search_conversations.since
    END,
    told_at = greatest(search_conversations.told_at, excluded.told_at)
