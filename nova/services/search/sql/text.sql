-- Set a document's words, unless later ones are known or it is removed.
-- kind, document_id, text, folded: text; is_hidden: boolean, for a document not heard of yet; timestamp: timestamptz
INSERT INTO search_documents (kind, document_id, text, folded, is_hidden, text_at)
VALUES (%(kind)s, %(document_id)s, %(text)s, %(folded)s, %(is_hidden)s, %(timestamp)s)
ON CONFLICT (kind, document_id) DO UPDATE SET
    text = excluded.text,
    folded = excluded.folded,
    is_hidden = CASE WHEN search_documents.hidden_at IS NULL THEN excluded.is_hidden ELSE search_documents.is_hidden END,
    text_at = excluded.text_at
WHERE search_documents.removed_at IS NULL
    AND (search_documents.text_at IS NULL OR search_documents.text_at <= excluded.text_at)
