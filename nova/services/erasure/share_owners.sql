-- Waits until nobody erases these users, and keeps everybody from it to the end of the open transaction.
-- owners: text[], sorted, so that two that want the same ones never wait for each other
-- Result: a row without meaning for each
SELECT pg_advisory_xact_lock_shared(hashtextextended(owner, 1701994867))::text
FROM unnest(%(owners)s::text[]) WITH ORDINALITY AS o(owner, place)
ORDER BY place
