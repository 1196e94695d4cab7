-- What is known of the event at a position beside its payload.
-- position: bigint
-- Result:   at most one row ({{head}}, traceparent text)
SELECT {{head}}, metadata ->> 'traceparent' AS traceparent FROM domain_events WHERE position = %(position)s
