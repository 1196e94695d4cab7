-- What a user has done, newest first: of so many that are looked at, those that fit.
-- user_id: text
-- and the parameters of {{fitting}}, which has the result too
WITH scanned AS MATERIALIZED (
    SELECT {{head}}
    FROM domain_events
    WHERE user_id = %(user_id)s AND position < %(before)s AND position > %(after)s
    ORDER BY position DESC
    LIMIT %(scan)s
)
{{fitting}}
