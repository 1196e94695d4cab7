-- Remove a materialised view, if it is there.
-- view: its name
DROP MATERIALIZED VIEW IF EXISTS {view}
