-- How much of the log stands after a position, of some types.
-- position: bigint; event_types: text[]
-- Result: one row (events bigint, seconds double precision since the oldest of them was recorded, 0 when there is none)
SELECT
    (
        SELECT count(*) FROM domain_events
        WHERE position > %(position)s::bigint AND event_type = ANY(%(event_types)s::text[])
    ),
    coalesce(
        (
            SELECT greatest(0, extract(epoch FROM clock_timestamp() - created_at))::double precision
            FROM domain_events
            WHERE position > %(position)s::bigint AND event_type = ANY(%(event_types)s::text[])
            ORDER BY position
            LIMIT 1
        ),
        0
    )
