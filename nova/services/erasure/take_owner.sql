-- Waits until nobody erases this user or changes the list of what the user has, and keeps everybody from it to the end of
-- the open transaction.
-- owner: text
-- Result: a row without meaning
SELECT pg_advisory_xact_lock(hashtextextended(%(owner)s::text, 1701994867))::text
