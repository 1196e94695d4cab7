-- One event, if it fits.
-- event_id: uuid
-- and the parameters of {{fitting}}, which has the result too
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE event_id = %(event_id)s AND position < %(before)s AND position > %(after)s
    ORDER BY position DESC
    LIMIT %(scan)s
)
{{fitting}}
