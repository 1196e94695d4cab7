-- Up to where the log can be read now; see safe_position.sql.
-- Result: one row (position, isolation level of the transaction that it was read in)
SELECT safe_position(), current_setting('transaction_isolation')
