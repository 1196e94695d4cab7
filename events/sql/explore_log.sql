-- All events, newest first: of so many that are looked at, those that fit.
-- and the parameters of {{fitting}}, which has the result too
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE position < %(before)s AND position > %(after)s
    ORDER BY position DESC
    LIMIT %(scan)s
)
{{fitting}}
