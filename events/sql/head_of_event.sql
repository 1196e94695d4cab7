-- What is known of an event beside its payload.
-- event_id: uuid
-- Result:   at most one row ({{head}}, traceparent text)
SELECT {{head}}, metadata ->> 'traceparent' AS traceparent FROM domain_events WHERE event_id = %(event_id)s
