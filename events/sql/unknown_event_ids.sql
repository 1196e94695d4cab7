-- Which of these ids no event has.
-- event_ids: uuid[]
SELECT event_id
FROM unnest(%(event_ids)s::uuid[]) AS event_id
WHERE NOT EXISTS (SELECT FROM domain_events AS d WHERE d.event_id = event_id.event_id)
