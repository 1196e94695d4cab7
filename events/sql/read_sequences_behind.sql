-- The sequences that are behind their rows; see sequences_behind.sql.
-- Result: the columns of events.store.sequences.SequenceBehindRows, in its order
SELECT table_name, column_name, next_number, highest FROM sequences_behind()
