-- Waits until no other transaction has this aggregate, and takes it to the end of the open one. Two aggregates whose
-- names hash alike wait for each other too, which costs time and nothing else.
-- namespace: int; stream: text
-- Result: one row without meaning; psycopg wants one to be a value, hence the text.
SELECT pg_advisory_xact_lock(%(namespace)s::int, hashtext(%(stream)s::text))::text
