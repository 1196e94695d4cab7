-- The events of a type, newest first: of so many that are looked at, those that fit.
-- event_type: text
-- and the parameters of {{fitting}}, which has the result too
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE event_type = %(event_type)s AND position < %(before)s AND position > %(after)s
    ORDER BY position DESC
    LIMIT %(scan)s
)
{{fitting}}
