-- The events of a stream, newest first: of so many that are looked at, those that fit.
-- aggregate_type, aggregate_id: text
-- before, after: bigint, positions, both exclusive; scan, limit: bigint
-- and the parameters of {{residual}}, each null where everything fits; see events.exploring.filters
-- Result: rows (looked_at bigint, edge bigint, {{head}}); one of them at least, without an event where none fits
--
-- What is looked at is counted, and never more than `scan`: so a page ends in time, whatever it looks for.
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
),
looked AS (
    SELECT
        (SELECT count(*) FROM scanned) AS looked_at,
        (SELECT position FROM scanned ORDER BY version LIMIT 1) AS edge
)
SELECT looked.looked_at, looked.edge, fitting.*
FROM looked
LEFT JOIN LATERAL (
    SELECT {{head}} FROM scanned WHERE {{residual}} ORDER BY version DESC LIMIT %(limit)s
) AS fitting ON true
ORDER BY version DESC
