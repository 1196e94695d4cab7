-- The isolation level of transactions that name none.
-- Result: (level by the defaults of server, database and role; level in this session)
SELECT reset_val, setting FROM pg_settings WHERE name = 'default_transaction_isolation'
