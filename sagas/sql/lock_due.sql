-- Instances with timers that are due, the earliest first, locked until the transaction ends. One that somebody is at is
-- left to the next look: instances are locked before their timers, by everybody.
-- now: timestamptz; saga_types: text[]; limit: int
-- Result: as sagas/sql/columns.py
SELECT {{instance}}
FROM saga_state
WHERE saga_id IN (
    SELECT t.saga_id FROM saga_timers t WHERE t.due_at <= %(now)s ORDER BY t.due_at LIMIT %(limit)s
) AND saga_type = ANY(%(saga_types)s)
FOR UPDATE SKIP LOCKED
