-- Records what the broker did not take.
-- failures: json array of {id, retry_count, delay, dead, error}; delay in seconds
UPDATE outbox_events AS o
SET retry_count = f.retry_count,
    next_attempt_at = CASE WHEN f.dead THEN NULL ELSE now() + f.delay * interval '1 second' END,
    dead_at = CASE WHEN f.dead THEN now() END,
    last_error = f.error
FROM json_to_recordset(%(failures)s::json) AS f(id bigint, retry_count int, delay float8, dead boolean, error text)
WHERE o.id = f.id AND NOT o.published AND o.discarded_at IS NULL
