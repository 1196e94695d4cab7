-- Ends a session, whose transaction is rolled back.
-- backend: int, its process
SELECT pg_terminate_backend(%(backend)s::int)
