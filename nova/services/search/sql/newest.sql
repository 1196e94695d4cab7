-- The newest documents of a kind that hold the words, found from document to document; of them a page, by rank or time.
-- terms: text, case folded; kind: text; by_rank: boolean
-- max_walked: bigint, how many documents may be looked at, or null for all; max_newest, max_count: bigint
-- walk_at: timestamptz, walk_id, walk_kind: text: the document after which to look, or null for the newest of all
-- after_score: real, after_at: timestamptz, after_id, after_kind: text: after which the page begins, or null
-- Result: number bigint of those found, and rows (kind, document_id, text, score real, text_at), or one of nulls
WITH found AS MATERIALIZED (
    SELECT
        kind, document_id, text_at, CASE WHEN %(by_rank)s::boolean THEN ts_rank(words, query) ELSE 0 END AS score
    FROM (
        SELECT kind, document_id, text_at, words
        FROM search_documents
        WHERE kind = %(kind)s::text AND NOT is_hidden AND removed_at IS NULL
            AND (text_at, document_id, kind) < (
                coalesce(%(walk_at)s::timestamptz, 'infinity'),
                coalesce(%(walk_id)s::text, ''),
                coalesce(%(walk_kind)s::text, '')
            )
        ORDER BY text_at DESC, document_id DESC
        LIMIT %(max_walked)s::bigint
    ) AS walked
    INNER JOIN websearch_to_tsquery('simple', %(terms)s::text) AS query ON words @@ query
    ORDER BY text_at DESC, document_id DESC
    LIMIT %(max_newest)s::bigint
),
page AS (
    SELECT * FROM found
    WHERE (score, text_at, document_id, kind) < (
        coalesce(%(after_score)s::real, 'infinity'),
        coalesce(%(after_at)s::timestamptz, 'infinity'),
        coalesce(%(after_id)s::text, ''),
        coalesce(%(after_kind)s::text, '')
    )
    ORDER BY score DESC, text_at DESC, document_id DESC
    LIMIT %(max_count)s::bigint
)
SELECT counted.number, page.kind, page.document_id, document.text, page.score, page.text_at
FROM (SELECT count(*) AS number FROM found) AS counted
LEFT JOIN (page INNER JOIN search_documents AS document USING (kind, document_id)) ON true
