-- The latest events of the aggregates with an id, newest first.
-- aggregate_id: text
-- limit:        most events
SELECT event_id FROM domain_events WHERE aggregate_id = %(aggregate_id)s ORDER BY version DESC LIMIT %(limit)s
