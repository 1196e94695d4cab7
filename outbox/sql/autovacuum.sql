-- Every row is updated once, shortly after it was written: vacuum early, so that the index of pending rows stays small.
ALTER TABLE outbox_events SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0
)
