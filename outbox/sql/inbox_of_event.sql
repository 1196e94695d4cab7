-- Who has handled an event, and when.
-- event_id: uuid
-- Result:   rows (consumer text, processed_at timestamptz)
--
-- The inbox is ordered by consumer first: the few that there are are walked from one to the next, however long it is.
WITH RECURSIVE consumers AS (
    (SELECT consumer FROM inbox ORDER BY consumer LIMIT 1)
    UNION ALL
    SELECT (SELECT i.consumer FROM inbox AS i WHERE i.consumer > c.consumer ORDER BY i.consumer LIMIT 1)
    FROM consumers AS c
    WHERE c.consumer IS NOT NULL
)
SELECT i.consumer, i.processed_at
FROM consumers AS c
JOIN inbox AS i ON i.consumer = c.consumer AND i.event_id = %(event_id)s
ORDER BY i.consumer
