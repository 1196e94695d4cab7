-- All documents of a kind that hold the words, found by the index of words, if they are not too many; of them a page.
-- terms: text, case folded; kind: text; by_rank: boolean; max_matches, max_count: bigint
-- after_score: real, after_at: timestamptz, after_id, after_kind: text: after which the page begins, or null
-- Result: as `newest`; the number is max_matches + 1 where there are more, and the row one of nulls
WITH found AS MATERIALIZED (
    SELECT kind, document_id, text_at, words, query
    FROM websearch_to_tsquery('simple', %(terms)s::text) AS query
    INNER JOIN search_documents ON words @@ query
    WHERE kind = %(kind)s::text AND NOT is_hidden AND removed_at IS NULL
    LIMIT %(max_matches)s::bigint + 1
),
counted AS (SELECT count(*) AS number FROM found),
page AS (
    SELECT kind, document_id, text_at, score
    FROM (
        SELECT
            kind, document_id, text_at, CASE WHEN %(by_rank)s::boolean THEN ts_rank(words, query) ELSE 0 END AS score
        FROM found
        WHERE (SELECT number FROM counted) <= %(max_matches)s::bigint
    ) AS scored
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
FROM counted
LEFT JOIN (page INNER JOIN search_documents AS document USING (kind, document_id)) ON true
