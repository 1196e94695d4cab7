-- Events of a time, by it, newest first: of so many that are looked at, those that fit.
-- since, until: timestamptz or null, the second exclusive
-- beyond: bigint, position of the event that the page before ended with, or above all
-- before, after: bigint, positions, both exclusive; scan, limit: bigint
-- and the parameters of {{residual}}, each null where everything fits; see events.exploring.filters
-- Result: rows (looked_at bigint, edge bigint, {{head}}); one of them at least, without an event where none fits
--
-- What is looked at is counted, and never more than `scan`: so a page ends in time, whatever it looks for.
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE timestamp >= coalesce(%(since)s::timestamptz, '-infinity')
        AND timestamp < coalesce(%(until)s::timestamptz, 'infinity')
        -- Below the time of the event that the page before ended with; a row of two is what the index is ordered by.
        AND (timestamp, position) < (
            coalesce((SELECT timestamp FROM domain_events WHERE position = %(beyond)s), 'infinity'), %(beyond)s
        )
        AND position < %(before)s AND position > %(after)s
    ORDER BY timestamp DESC, position DESC
    LIMIT %(scan)s
),
looked AS (
    SELECT
        (SELECT count(*) FROM scanned) AS looked_at,
        (SELECT position FROM scanned ORDER BY timestamp, position LIMIT 1) AS edge
)
SELECT looked.looked_at, looked.edge, fitting.*
FROM looked
LEFT JOIN LATERAL (
    SELECT {{head}} FROM scanned WHERE {{residual}} ORDER BY timestamp DESC, position DESC LIMIT %(limit)s
) AS fitting ON true
ORDER BY timestamp DESC, position DESC
