-- Stores events of other services that are not stored yet.
-- service: text, who listens; events: json, an array of objects with the columns' names
-- Result:  as many rows as were stored
--
-- In the order of the ids, so that two transactions with the same events wait for each other instead of deadlocking.
INSERT INTO foreign_events (service, event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id,
    version, timestamp, correlation_id, causation_id, user_id, payload)
SELECT %(service)s::text, event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id,
    version, timestamp, correlation_id, causation_id, user_id, payload
FROM json_to_recordset(%(events)s::json) AS e(
    event_id uuid, event_type text, schema_version int, source_service text, aggregate_type text, aggregate_id text,
    version bigint, timestamp timestamptz, correlation_id uuid, causation_id uuid, user_id text, payload json)
ORDER BY event_id
ON CONFLICT DO NOTHING
