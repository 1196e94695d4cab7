-- As of when a materialised view is.
-- name: text
-- Result: one row (refreshed_at timestamptz or null); none where nobody has refreshed it
SELECT refreshed_at FROM projection_views WHERE name = %(name)s
