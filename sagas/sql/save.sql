-- Stores instances after their transitions, with their history and their timers, in one statement.
-- instances: json, an array of objects {saga_id, was, version, shape, status, current_step, correlation_id, state, at,
--            started_at, completed_at, failed_at, error_message}; `was` is the version that it had when it was read
-- transitions: json, an array of objects with the columns of saga_transitions
-- cancelled: json, an array of objects {saga_id, step}; timers: json, an array of objects with the columns of
--            saga_timers; no step stands in both
-- Result: one row, how many instances were as they had been read
WITH saved AS (
    UPDATE saga_state s SET
        version = i.version, shape = i.shape, status = i.status, current_step = i.current_step,
        correlation_id = i.correlation_id, state = i.state, updated_at = i.at,
        started_at = coalesce(i.started_at, s.started_at), completed_at = i.completed_at, failed_at = i.failed_at,
        error_message = i.error_message
    FROM jsonb_to_recordset(%(instances)s::jsonb) AS i(
        saga_id uuid, was bigint, version bigint, shape text, status text, current_step text, correlation_id uuid,
        state jsonb, at timestamptz, started_at timestamptz, completed_at timestamptz, failed_at timestamptz, error_message text)
    WHERE s.saga_id = i.saga_id AND s.version = i.was
    RETURNING s.saga_id
), kept AS (
    INSERT INTO saga_transitions (
        saga_id, number, at, cause, cause_id, cause_type, cause_event, status, steps, changes, requests, actor, reason)
    SELECT
        saga_id, number, at, cause, cause_id, cause_type, cause_event, status, steps, changes, requests, actor, reason
    FROM jsonb_to_recordset(%(transitions)s::jsonb) AS t(
        saga_id uuid, number bigint, at timestamptz, cause text, cause_id uuid, cause_type text, cause_event jsonb,
        status text, steps jsonb, changes jsonb, requests jsonb, actor text, reason text)
), gone AS (
    DELETE FROM saga_timers t
    USING json_to_recordset(%(cancelled)s::json) AS c(saga_id uuid, step text)
    WHERE t.saga_id = c.saga_id AND t.step = c.step
), set AS (
    INSERT INTO saga_timers (saga_id, step, purpose, attempt, due_at)
    SELECT saga_id, step, purpose, attempt, due_at
    FROM json_to_recordset(%(timers)s::json) AS n(
        saga_id uuid, step text, purpose text, attempt int, due_at timestamptz)
    ON CONFLICT (saga_id, step) DO UPDATE
    SET purpose = excluded.purpose, attempt = excluded.attempt, due_at = excluded.due_at
)
SELECT count(*) FROM saved
