-- Instances with timers that are due, the earliest first, locked until the transaction ends. One that somebody is at is
-- left to the next look: instances are locked before their timers, by everybody. What other programs are to look at,
-- and what is locked, counts for nothing: as many as are wanted are found behind it.
-- now: timestamptz; saga_types: text[]; limit: int
-- Result: as sagas/sql/columns.py, an instance as often as it has timers that are due
SELECT {{instance}}
FROM saga_timers JOIN saga_state USING (saga_id)
WHERE due_at <= %(now)s AND saga_type = ANY(%(saga_types)s)
ORDER BY due_at
LIMIT %(limit)s
FOR UPDATE OF saga_state SKIP LOCKED
