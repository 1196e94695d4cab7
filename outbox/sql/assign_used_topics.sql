-- Aggregate types that have a topic of their own keep it: the outbox knows those of its retention.
INSERT INTO topic_assignments (name, topic)
SELECT DISTINCT topic, topic FROM outbox_events
WHERE right(topic, octet_length(aggregate_type) + 8) = '.' || aggregate_type || '.events'
ON CONFLICT DO NOTHING
