-- Let all statements of the transaction see what was committed when its next one began. It must be the first.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
