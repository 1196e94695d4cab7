-- Makes instances of keys that there is none of, to be begun or to wait for their beginning.
-- Another transaction that makes one of them is waited for, and wins.
-- instances: json, an array of objects {saga_id, saga_type, key, shape}
-- Result: as many rows as were made
INSERT INTO saga_state (saga_id, saga_type, key, shape, status, current_step, state, version)
SELECT saga_id, saga_type, key, shape, 'unstarted', '', '{}', 0
FROM json_to_recordset(%(instances)s::json) AS i(saga_id uuid, saga_type text, key text, shape text)
ORDER BY key
ON CONFLICT DO NOTHING
