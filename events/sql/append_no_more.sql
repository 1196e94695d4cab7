-- Goes on after append_one.sql and append_many.sql where nothing is written beside the events.
-- Result: (position, version) per event in the order of the batch; no row when the store refused.
SELECT position, version FROM event ORDER BY position
