-- Remove a document's words for good; what remains is that it must not come back, and the earliest time of its removal.
-- kind, document_id: text; timestamp: timestamptz
INSERT INTO search_documents (kind, document_id, text, folded, is_hidden, removed_at)
VALUES (%(kind)s, %(document_id)s, '', '', true, %(timestamp)s)
ON CONFLICT (kind, document_id) DO UPDATE SET
    text = '',
    folded = '',
    is_hidden = true,
    text_at = NULL,
    hidden_at = NULL,
    removed_at = least(search_documents.removed_at, excluded.removed_at)
