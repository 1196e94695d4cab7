-- A conversation, newest first: of so many that are looked at, those that fit.
-- correlation_id: uuid
-- and the parameters of {{fitting}}, which has the result too
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE correlation_id = %(correlation_id)s AND position < %(before)s AND position > %(after)s
    ORDER BY position DESC
    LIMIT %(scan)s
)
{{fitting}}
