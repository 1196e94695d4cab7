-- Remove a document's words for good; what remains is that it must not come back.
-- kind, document_id: text; timestamp: timestamptz
INSERT INTO search_documents (kind, document_id, text, folded, is_hidden, removed_at)
VALUES (%(kind)s, %(document_id)s, '', '', true, %(timestamp)s)
ON CONFLICT (kind, document_id) DO UPDATE SET
    text = '',
    folded = '',
    is_hidden = true,
    removed_at = coalesce(search_documents.removed_at, excluded.removed_at)
