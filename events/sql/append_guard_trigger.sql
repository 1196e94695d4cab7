-- Looks whether the append guard is held when a row comes. The condition spares the usual append the call.
CREATE OR REPLACE TRIGGER domain_events_append_guard
    BEFORE INSERT ON domain_events FOR EACH ROW
    WHEN (current_setting('nova.append_guard', true) IS DISTINCT FROM 'held')
    EXECUTE FUNCTION refuse_unguarded_events();
