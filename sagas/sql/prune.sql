-- Removes instances that ended before the cutoff, or that nothing has begun by then, with their history.
-- cutoff: timestamptz; limit: int
-- Result: one row, how many instances
WITH old AS MATERIALIZED (
    SELECT saga_id FROM saga_state
    WHERE completed_at < %(cutoff)s OR failed_at < %(cutoff)s OR (status = 'unstarted' AND updated_at < %(cutoff)s)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), history AS (
    DELETE FROM saga_transitions t USING old WHERE t.saga_id = old.saga_id
), removed AS (
    DELETE FROM saga_state s USING old WHERE s.saga_id = old.saga_id RETURNING s.saga_id
)
SELECT count(*) FROM removed
