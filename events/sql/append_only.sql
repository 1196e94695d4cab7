-- domain_events is append-only: UPDATE, DELETE and TRUNCATE are refused to everyone, whatever the client, also in
-- replication sessions. MERGE, ON CONFLICT DO UPDATE and COPY … WHERE run into the same triggers.
CREATE OR REPLACE FUNCTION refuse_change_of_events() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'domain_events is append-only: % is refused', TG_OP
        USING ERRCODE = 'NV001', HINT = 'Append a new event that corrects the old one.';
END
$$;
