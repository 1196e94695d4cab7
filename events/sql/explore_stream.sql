-- The events of a stream, newest first: of so many that are looked at, those that fit.
-- aggregate_type, aggregate_id: text
-- and the parameters of {{fitting}}, which has the result too
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
        -- By version, which is the order of the log within a stream, and of the index.
        AND version < coalesce(
            (
                SELECT version FROM domain_events
                WHERE position = %(before)s AND aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
            ),
            9223372036854775807
        )
        AND position < %(before)s AND position > %(after)s
    ORDER BY version DESC
    LIMIT %(scan)s
)
{{fitting}}
