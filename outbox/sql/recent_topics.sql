-- The topics and event types of the latest rows.
-- limit: how many rows to look at
SELECT topic, event_type
FROM (SELECT topic, event_type FROM outbox_events ORDER BY id DESC LIMIT %(limit)s) AS latest
GROUP BY topic, event_type
ORDER BY topic, event_type
