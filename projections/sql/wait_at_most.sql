-- Wait no longer than that for any lock, until the transaction ends.
-- milliseconds: text
SELECT set_config('lock_timeout', %(milliseconds)s, true)
