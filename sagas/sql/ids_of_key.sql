-- The instances that bear a key, whatever their definition.
-- key: text; limit: bigint
-- Result: rows (saga_id uuid)
--
-- They are unique by definition and key: the few definitions are walked from one to the next, however many rows there are.
WITH RECURSIVE definitions AS (
    (SELECT saga_type FROM saga_state ORDER BY saga_type LIMIT 1)
    UNION ALL
    SELECT (SELECT s.saga_type FROM saga_state AS s WHERE s.saga_type > d.saga_type ORDER BY s.saga_type LIMIT 1)
    FROM definitions AS d
    WHERE d.saga_type IS NOT NULL
)
SELECT s.saga_id
FROM definitions AS d
JOIN saga_state AS s ON s.saga_type = d.saga_type AND s.key = %(key)s
ORDER BY s.saga_type
LIMIT %(limit)s
