-- What the log says of an event of which a row has no copy.
-- position: bigint
-- Result:   (payload, metadata); no row when the log has no such event
SELECT payload, metadata FROM event_bodies WHERE position = %(position)s
