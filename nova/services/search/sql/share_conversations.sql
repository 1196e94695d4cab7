-- Waits until nobody changes whether these conversations may be searched, and keeps everybody from it to the end of the
-- open transaction.
-- conversation_ids: text[], sorted, so that two that want the same ones never wait for each other
-- Result: a row without meaning for each
SELECT pg_advisory_xact_lock_shared(hashtextextended(conversation_id, 1936028259))::text
FROM unnest(%(conversation_ids)s::text[]) WITH ORDINALITY AS c(conversation_id, place)
ORDER BY place
