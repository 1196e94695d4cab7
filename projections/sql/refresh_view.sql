-- Compute a materialised view anew, while it is read as it was until the transaction is committed.
-- view: its name
REFRESH MATERIALIZED VIEW CONCURRENTLY {view}
