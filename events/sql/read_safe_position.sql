-- Up to where the log can be read now; see safe_position.sql.
-- Result: one row
SELECT safe_position()
