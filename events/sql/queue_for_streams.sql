-- Queues for streams that many append to at once; the place in the queue ends with the transaction.
-- streams: text[], sorted, so that two that queue for the same ones never wait for each other
SELECT pg_advisory_xact_lock(hashtextextended(stream, 1853190754))
FROM unnest(%(streams)s::text[]) WITH ORDINALITY AS s(stream, place)
ORDER BY place
