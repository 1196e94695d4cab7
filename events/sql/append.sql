-- Appends a batch and nothing else; the statement of the append hook that publishes nothing.
-- batch: json, see append_events.sql
-- Result: (position, version) per event in the order of the batch; no row when the store refused.
SELECT position, version FROM append_events(%(batch)s::json) ORDER BY position
