-- What an append has to know of a projection before it applies events inline, all of one moment: the engine moves the
-- checkpoint and forgets what was ahead of it in one transaction.
-- name: text; preceding: bigint[], positions
-- Result: at most one row (version, status, is_inline, position, effects_until, parked, ahead bigint[]: those of
--         `preceding` that are in the tables although the checkpoint has not come to them)
SELECT
    version, status, is_inline, position, effects_until, parked,
    ARRAY(
        SELECT a.position FROM projection_ahead AS a
        WHERE a.projection = c.name AND a.place = 'serving' AND a.position = ANY(%(preceding)s::bigint[])
    )
FROM projection_checkpoints AS c
WHERE name = %(name)s
