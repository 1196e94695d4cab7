-- One instance, locked until the transaction ends.
-- saga_id: uuid
-- Result: as sagas/sql/columns.py; no row where there is no such instance
SELECT {{instance}} FROM saga_state WHERE saga_id = %(saga_id)s FOR UPDATE
