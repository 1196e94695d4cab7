-- A stream from a version down, backwards, as far as its maximum age and count let readers see it.
-- aggregate_type, aggregate_id: text; from_version: bigint, inclusive; max_count: bigint or null
-- whole: boolean, whether age and count are left aside
-- Result: rows for events.store.reading.rows.recorded
SELECT {{recorded}}
FROM domain_events
WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s AND version <= %(from_version)s
    -- Each limit is one look-up before the scan; a stream without metadata has none.
    AND version > coalesce((
        SELECT (SELECT max(version) FROM domain_events
                WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s) - max_count
        FROM stream_metadata
        WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s AND NOT %(whole)s
    ), 0)
    AND created_at >= coalesce((
        SELECT statement_timestamp() - max_age
        FROM stream_metadata
        WHERE aggregate_id = %(aggregate_id)s AND aggregate_type = %(aggregate_type)s AND NOT %(whole)s
    ), '-infinity')
ORDER BY version DESC
LIMIT %(max_count)s
