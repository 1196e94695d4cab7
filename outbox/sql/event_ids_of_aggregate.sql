-- The events of the aggregates with an id, by the log's index: the outbox has none of its own for it.
-- aggregate_id: text
-- limit:        most events
SELECT event_id FROM domain_events WHERE aggregate_id = %(aggregate_id)s ORDER BY version DESC LIMIT %(limit)s
