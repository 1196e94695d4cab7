-- The events of a type, newest first: of so many that are looked at, those that fit.
-- event_type: text
-- before, after: bigint, positions, both exclusive; scan, limit: bigint
-- and the parameters of {{residual}}, each null where everything fits; see events.exploring.filters
-- Result: rows (looked_at bigint, edge bigint, {{head}}); one of them at least, without an event where none fits
--
-- What is looked at is counted, and never more than `scan`: so a page ends in time, whatever it looks for.
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE event_type = %(event_type)s AND position < %(before)s AND position > %(after)s
    ORDER BY position DESC
    LIMIT %(scan)s
),
looked AS (
    SELECT
        (SELECT count(*) FROM scanned) AS looked_at,
        (SELECT position FROM scanned ORDER BY position LIMIT 1) AS edge
)
SELECT looked.looked_at, looked.edge, fitting.*
FROM looked
LEFT JOIN LATERAL (
    SELECT {{head}} FROM scanned WHERE {{residual}} ORDER BY position DESC LIMIT %(limit)s
) AS fitting ON true
ORDER BY position DESC
