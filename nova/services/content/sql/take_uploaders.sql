-- Waits until nobody else decides about the uploads of these users, and keeps everybody from it to the end of the open
-- transaction.
-- user_ids: text[], sorted, so that two that want the same ones never wait for each other
-- Result: a row without meaning for each
SELECT pg_advisory_xact_lock(hashtextextended(user_id, 1886221421))::text
FROM unnest(%(user_ids)s::text[]) WITH ORDINALITY AS u (user_id, place)
ORDER BY place
