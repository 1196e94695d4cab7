-- Runs the append guard before the first row of any insert is made.
CREATE OR REPLACE TRIGGER domain_events_append_guard
    BEFORE INSERT ON domain_events FOR EACH STATEMENT EXECUTE FUNCTION publish_append_guard();
