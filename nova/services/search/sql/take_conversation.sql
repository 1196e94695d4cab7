-- Waits until nobody keeps messages of this conversation or changes whether it may be searched, and keeps everybody from
-- it to the end of the open transaction.
-- conversation_id: text
-- Result: a row without meaning
SELECT pg_advisory_xact_lock(hashtextextended(%(conversation_id)s::text, 1936028259))::text
