-- What the broker no longer has: the records of models that were destroyed, moved away, or went with their controller.
CREATE TABLE archived_models (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid            uuid        NOT NULL,
    name            text        NOT NULL,
    owner           text        NOT NULL,
    controller_uuid uuid        NOT NULL,
    controller_name text        NOT NULL,
    -- The whole row, with its offers.
    record          jsonb       NOT NULL,
    archived_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX archived_models_uuid ON archived_models (uuid, id);

-- Whoever deletes the row of a model archives it, and it is told as an event. A model that was never made is none.
CREATE FUNCTION archive_model() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    host text := coalesce((SELECT name FROM controllers WHERE uuid = OLD.controller_uuid), '');
BEGIN
    INSERT INTO archived_models (uuid, name, owner, controller_uuid, controller_name, record)
    VALUES (OLD.uuid, OLD.name, OLD.owner, OLD.controller_uuid, host,
            to_jsonb(OLD) || jsonb_build_object('offers', coalesce(
                (SELECT jsonb_agg(to_jsonb(offers)) FROM offers WHERE model_uuid = OLD.uuid), '[]')));
    INSERT INTO events (code, kind, uuid, name, data)
    VALUES ('model.archived', 'model', OLD.uuid, OLD.owner || '/' || OLD.name, jsonb_build_object('controller', host));
    PERFORM pg_notify('jimm_event_noted', '');
    RETURN OLD;
END $$;
CREATE TRIGGER archive_model BEFORE DELETE ON models FOR EACH ROW WHEN (OLD.mode <> 'creating')
EXECUTE FUNCTION archive_model();
