-- Lets an instance's timers be due later, because it could not make its transition, and says why.
-- saga_id: uuid; until: timestamptz; error: text
-- Result: as many rows as instances
WITH later AS (
    UPDATE saga_timers SET due_at = %(until)s WHERE saga_id = %(saga_id)s AND due_at < %(until)s
)
UPDATE saga_state SET error_message = %(error)s WHERE saga_id = %(saga_id)s
