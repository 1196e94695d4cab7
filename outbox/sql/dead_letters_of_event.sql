-- The dead letters of an event, one a consumer group at most.
-- event_id: uuid
-- Result:   rows (id bigint, consumer text, status text, attempts int, last_failed_at timestamptz)
--
-- They are unique by consumer and event: the few consumers are walked from one to the next, however many rows there are.
WITH RECURSIVE consumers AS (
    (SELECT consumer FROM dead_letters ORDER BY consumer LIMIT 1)
    UNION ALL
    SELECT (SELECT d.consumer FROM dead_letters AS d WHERE d.consumer > c.consumer ORDER BY d.consumer LIMIT 1)
    FROM consumers AS c
    WHERE c.consumer IS NOT NULL
)
SELECT d.id, d.consumer, d.status, d.attempts, d.last_failed_at
FROM consumers AS c
JOIN dead_letters AS d ON d.consumer = c.consumer AND d.event_id = %(event_id)s
ORDER BY d.consumer
