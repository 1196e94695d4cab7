-- Shares key orders with others until the end of the transaction, waiting for those who keep one to themselves.
-- namespace:  int
-- key_orders: text[]
-- Result:     rows without meaning
SELECT pg_advisory_xact_lock_shared(%(namespace)s::int, hashtext(key_order))::text
FROM unnest(%(key_orders)s::text[]) AS key_order
