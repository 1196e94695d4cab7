-- Marks events as processed by a consumer.
-- consumer:  text
-- event_ids: uuid[], as text
-- Result:    the ids that were not marked before
--
-- In the order of the ids, so that two transactions with the same events wait for each other instead of deadlocking.
INSERT INTO inbox (consumer, event_id)
SELECT %(consumer)s::text, event_id FROM unnest(%(event_ids)s::text::uuid[]) AS event_id ORDER BY event_id
ON CONFLICT DO NOTHING
RETURNING event_id
