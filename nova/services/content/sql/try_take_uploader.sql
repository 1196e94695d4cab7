-- Keeps everybody from deciding about the uploads of a user to the end of the open transaction, unless somebody does.
-- user_id: text
-- Result: whether nobody did
SELECT pg_try_advisory_xact_lock(hashtextextended(%(user_id)s, 1886221421))
