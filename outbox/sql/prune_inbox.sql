-- Removes entries older than the retention from a stretch of pages.
-- first, end: tid; end is excluded
-- cutoff:     timestamptz
DELETE FROM inbox
WHERE ctid >= %(first)s::tid AND ctid < %(end)s::tid AND processed_at < %(cutoff)s
