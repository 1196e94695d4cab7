-- Refuses rows that a client has inserted without the append guard, COPY's included: a follower of the log could miss them.
CREATE OR REPLACE FUNCTION refuse_unguarded_events() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'domain_events takes rows only from transactions that hold the append guard'
        USING ERRCODE = 'NV001', HINT = 'Append through Nova, or SELECT publish_append_guard() first in the same transaction.';
END
$$
