-- The timers of these instances, which are locked, that are due.
-- now: timestamptz; saga_ids: uuid[]
-- Result: saga_id, step, purpose, attempt, due_at
SELECT saga_id, step, purpose, attempt, due_at
FROM saga_timers
WHERE saga_id = ANY(%(saga_ids)s) AND due_at <= %(now)s
ORDER BY due_at
