-- Events by their ids.
-- event_ids: uuid[]
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE event_id = ANY(%(event_ids)s::uuid[])
ORDER BY position
