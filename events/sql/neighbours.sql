-- The events before and after an event: in its stream, in its conversation and in the log.
-- position, version: bigint; aggregate_type, aggregate_id: text; correlation_id: uuid or null
-- Result: one row of six positions, each null where there is none
SELECT
    (SELECT position FROM domain_events WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
        AND version = %(version)s - 1),
    (SELECT position FROM domain_events WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s
        AND version = %(version)s + 1),
    (SELECT position FROM domain_events WHERE correlation_id = %(correlation_id)s AND position < %(position)s
        ORDER BY position DESC LIMIT 1),
    (SELECT position FROM domain_events WHERE correlation_id = %(correlation_id)s AND position > %(position)s
        ORDER BY position LIMIT 1),
    (SELECT position FROM domain_events WHERE position < %(position)s ORDER BY position DESC LIMIT 1),
    (SELECT position FROM domain_events WHERE position > %(position)s ORDER BY position LIMIT 1)
