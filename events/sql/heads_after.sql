-- What is known of the events after a position, beside their payloads, up to the safe position that an earlier statement
-- has read.
-- after, safe, limit: bigint
-- Result: rows ({{head}})
SELECT {{head}}
FROM domain_events
WHERE position > %(after)s AND position <= %(safe)s
ORDER BY position
LIMIT %(limit)s
