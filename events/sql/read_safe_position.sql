-- Up to where the log can be read now; see safe_position.sql.
-- is_own_visible: boolean, whether the reader sees the rows of its own open transaction
-- Result: one row (position, isolation level of the transaction that it was read in)
SELECT safe_position(%(is_own_visible)s), current_setting('transaction_isolation')
