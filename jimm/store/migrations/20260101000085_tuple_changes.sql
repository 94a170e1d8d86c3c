-- Every change of a tuple is told, whoever makes it and however: brokers remember what they read until then.
-- Triggers run in the order of their names, and what is notified comes in the order in which it was: this one before those
-- that have somebody look at rights again.
CREATE FUNCTION tell_tuple_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('jimm_tuples_changed', '');
    RETURN NULL;
END $$;
CREATE TRIGGER relation_tuples_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON relation_tuples
    FOR EACH STATEMENT EXECUTE FUNCTION tell_tuple_changes();
