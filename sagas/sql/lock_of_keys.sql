-- The instances of these keys, locked until the transaction ends; in one order, so that nobody deadlocks.
-- saga_type: text; keys: text[]
-- Result: as sagas/sql/columns.py, one row an instance that there is
SELECT {{instance}}
FROM saga_state
WHERE saga_type = %(saga_type)s AND key = ANY(%(keys)s)
ORDER BY key
FOR UPDATE
