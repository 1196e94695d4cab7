-- Events that happened at a time or later, in the order of their times and, where these are equal, of the log.
-- since: timestamptz; after: bigint, the position after which events of that very time begin; max_count: bigint
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE (timestamp, position) > (%(since)s, %(after)s)
ORDER BY domain_events.timestamp, position
LIMIT %(max_count)s
