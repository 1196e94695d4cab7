-- Keeps everybody from deciding about the uploads of these users to the end of the open transaction, as far as nobody
-- does.
-- user_ids: text[]
-- Result: rows (user_id text), those about whom nobody did
SELECT user_id
FROM unnest(%(user_ids)s::text[]) AS u (user_id)
WHERE pg_try_advisory_xact_lock(hashtextextended(user_id, 1886221421))
