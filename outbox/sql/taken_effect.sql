-- Which of these events have had their effect on a consumer, as its inbox and its dead letters say.
-- consumer:     text
-- event_ids:    uuid[]
-- is_forgotten: boolean[], whether the event is older than the inbox remembers
-- Result: ids
SELECT event_id
FROM unnest(%(event_ids)s::uuid[], %(is_forgotten)s::boolean[]) AS event (event_id, is_forgotten)
WHERE EXISTS (SELECT FROM inbox AS i WHERE i.consumer = %(consumer)s AND i.event_id = event.event_id)
    OR is_forgotten AND NOT EXISTS (
        SELECT FROM dead_letters AS d
        WHERE d.consumer = %(consumer)s AND d.event_id = event.event_id AND d.status <> 'retried'
    )
