-- The pages of the inbox that hold entries older than the retention, in their order. The BRIN index finds them.
-- cutoff: timestamptz
SELECT DISTINCT (ctid::text::point)[0]::bigint AS page FROM inbox WHERE processed_at < %(cutoff)s ORDER BY page
