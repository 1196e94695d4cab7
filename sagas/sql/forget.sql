-- Removes instances that were made for events which led to nothing.
-- saga_ids: uuid[]
-- Result: as many rows as were removed
DELETE FROM saga_state WHERE saga_id = ANY(%(saga_ids)s) AND version = 0
