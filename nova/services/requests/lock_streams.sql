-- Waits until no other transaction has any of these streams, and takes them to the end of the open one.
-- streams: text[], sorted, so that two that want the same ones never wait for each other
-- Result: a row without meaning for each
SELECT pg_advisory_xact_lock(hashtextextended(stream, 1853190755))::text
FROM unnest(%(streams)s::text[]) WITH ORDINALITY AS s(stream, place)
ORDER BY place
