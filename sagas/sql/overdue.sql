-- For how long the earliest timer has been due, which the index on due_at has.
-- Result: one row, seconds; 0 where none is due
SELECT greatest(0, coalesce(extract(epoch FROM statement_timestamp() - min(due_at)), 0)) FROM saga_timers
