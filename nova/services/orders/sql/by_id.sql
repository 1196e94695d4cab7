-- Orders as the projection last left them.
-- order_ids: text[]
-- Result: rows (order_id, customer_id, status, currency text, lines json as text, price bigint, payment_id,
-- tracking_number, reason text, created_at, updated_at timestamptz)
SELECT
    order_id, customer_id, status, currency, lines::text, price, payment_id, tracking_number, reason, created_at, updated_at
FROM orders_read
WHERE order_id = ANY(%(order_ids)s::text[])
