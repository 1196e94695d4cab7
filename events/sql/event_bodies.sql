-- event_bodies: the JSON of events by their positions, for whoever keeps a position instead of a copy.
-- payload is null where the log keeps it in another encoding, of which SQL knows nothing.
CREATE OR REPLACE VIEW event_bodies AS
SELECT position, metadata, payload FROM domain_events
