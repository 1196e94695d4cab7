-- Hide a document or let it be found again, unless it was done later or it is removed.
-- kind, document_id: text; is_hidden: boolean; timestamp: timestamptz
INSERT INTO search_documents (kind, document_id, text, folded, is_hidden, hidden_at)
VALUES (%(kind)s, %(document_id)s, '', '', %(is_hidden)s, %(timestamp)s)
ON CONFLICT (kind, document_id) DO UPDATE SET
    is_hidden = excluded.is_hidden,
    hidden_at = excluded.hidden_at
WHERE search_documents.removed_at IS NULL
    AND (search_documents.hidden_at IS NULL OR search_documents.hidden_at <= excluded.hidden_at)
