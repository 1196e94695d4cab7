-- Refuse every write to a table that is not temporary, until the transaction ends.
SET TRANSACTION READ ONLY
