-- Write whole orders, new ones and changed ones.
-- orders: json, an array of objects with the columns' names
INSERT INTO orders_read (
    order_id, customer_id, status, currency, lines, price, total, payment_id, tracking_number, reason, created_at, updated_at
)
SELECT
    order_id, customer_id, status, currency, lines, price, total, payment_id, tracking_number, reason, created_at, updated_at
FROM json_to_recordset(%(orders)s::json) AS changed (
    order_id text, customer_id text, status text, currency text, lines jsonb, price bigint, total bigint,
    payment_id text, tracking_number text, reason text, created_at timestamptz, updated_at timestamptz
)
ON CONFLICT (order_id) DO UPDATE SET
    customer_id = excluded.customer_id,
    status = excluded.status,
    currency = excluded.currency,
    lines = excluded.lines,
    price = excluded.price,
    total = excluded.total,
    payment_id = excluded.payment_id,
    tracking_number = excluded.tracking_number,
    reason = excluded.reason,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at
