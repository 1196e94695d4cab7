-- Gives an instance's timers to steps of other names; the instance is locked.
-- saga_id: uuid; old, new: text[], of one length
-- Result: as many rows as timers
UPDATE saga_timers t SET step = n.new
FROM unnest(%(old)s::text[], %(new)s::text[]) AS n(old, new)
WHERE t.saga_id = %(saga_id)s AND t.step = n.old
