-- A position is what the statement that inserts has just drawn, never one that a client brings along: OVERRIDING SYSTEM
-- VALUE and COPY write any, and one below the safe position is never read again by those who follow the log.
CREATE OR REPLACE FUNCTION refuse_chosen_position() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'domain_events is append-only: position % was not drawn from its sequence', NEW.position
        USING ERRCODE = 'NV001', HINT = 'Leave the position out.';
END
$$;
