-- Published rows whose events a group has not handled.
-- consumer:            text
-- topics, event_types: text[], the routes that the group takes
-- since:               timestamptz, before which the inbox may have forgotten what was handled
-- Result: ids
SELECT id
FROM outbox_events AS o
WHERE published AND published_at >= %(since)s
    AND (topic, event_type) IN (SELECT * FROM unnest(%(topics)s::text[], %(event_types)s::text[]))
    AND NOT EXISTS (SELECT FROM inbox AS i WHERE i.consumer = %(consumer)s AND i.event_id = o.event_id)
