-- Records a heartbeat.
-- name, host: text; pid: int; detail: jsonb
INSERT INTO process_heartbeats (name, host, pid, detail)
VALUES (%(name)s::text, %(host)s::text, %(pid)s::int, %(detail)s::jsonb)
ON CONFLICT (name, host, pid) DO UPDATE SET seen_at = now(), detail = excluded.detail
