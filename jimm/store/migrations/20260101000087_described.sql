-- What ModelInfo tells of a model from its row, and what people are called, is remembered as relation tuples are: its
-- changes are told on the same channel. Not those of a refresh, nor new rows: that there is none is not remembered.
CREATE TRIGGER models_described AFTER DELETE OR TRUNCATE
    OR UPDATE OF uuid, name, owner, controller_uuid, cloud, credential_owner, credential_name ON models
    FOR EACH STATEMENT EXECUTE FUNCTION tell_tuple_changes();
-- Most logins tell the name that is known.
CREATE TRIGGER identities_renamed AFTER UPDATE OF display_name ON identities
    FOR EACH ROW WHEN (OLD.display_name IS DISTINCT FROM NEW.display_name) EXECUTE FUNCTION tell_tuple_changes();
CREATE TRIGGER identities_named AFTER INSERT ON identities
    FOR EACH ROW WHEN (NEW.display_name <> '') EXECUTE FUNCTION tell_tuple_changes();
CREATE TRIGGER identities_removed AFTER DELETE OR TRUNCATE ON identities
    FOR EACH STATEMENT EXECUTE FUNCTION tell_tuple_changes();
