-- The documents that hold the words, best first; what is asked for may say "a phrase", or, -not.
-- terms: text, case folded; kind: text or null for all; max_count: bigint
-- Result: rows (kind, document_id, text, rank real)
SELECT kind, document_id, text, ts_rank(words, query) AS rank
FROM search_documents, websearch_to_tsquery('simple', %(terms)s::text) AS query
WHERE words @@ query AND NOT is_hidden AND removed_at IS NULL
    AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
ORDER BY rank DESC, kind, document_id
LIMIT %(max_count)s::bigint
