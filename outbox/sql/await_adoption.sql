-- Groups that have consumed before positions were recorded: a row without a topic says when that began. The index tells
-- the consumers of the inbox without reading all of it.
WITH RECURSIVE consumers AS (
    (SELECT consumer FROM inbox ORDER BY consumer LIMIT 1)
    UNION ALL
    SELECT (SELECT i.consumer FROM inbox AS i WHERE i.consumer > c.consumer ORDER BY i.consumer LIMIT 1)
    FROM consumers AS c
    WHERE c.consumer IS NOT NULL
)
INSERT INTO consumer_positions (consumer, topic, partition, topic_id, position)
SELECT consumer, '', -1, '', 0 FROM consumers WHERE consumer IS NOT NULL
UNION
SELECT substr(name, 10), '', -1, '', 0 FROM process_heartbeats WHERE starts_with(name, 'consumer:')
