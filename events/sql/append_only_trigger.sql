-- Refuses changes of events, statement by statement, so that not even an empty one passes.
CREATE OR REPLACE TRIGGER domain_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON domain_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();
