-- How the summaries of each controller's models are kept fresh, by the one replica that has charge of that controller.
CREATE TABLE summary_watches (
    controller_uuid uuid        PRIMARY KEY REFERENCES controllers (uuid) ON DELETE CASCADE,
    -- Whether the controller tells of changes by itself; others are asked now and then.
    watched         boolean     NOT NULL DEFAULT false,
    -- Until when what the rows of its models say was true.
    seen_at         timestamptz,
    -- How long it took to list all of its models, in milliseconds.
    took            bigint      NOT NULL DEFAULT 0,
    -- Since when it does not answer, and why.
    failed_since    timestamptz,
    failure         text        NOT NULL DEFAULT ''
);

-- What a controller that is watched tells of a model in short, and since when a controller does not list a model.
ALTER TABLE models ADD COLUMN brief jsonb NOT NULL DEFAULT '{}', ADD COLUMN unlisted_since timestamptz;

-- Whoever waits for news of models hears of every change of a row, whoever makes it and however: the UUIDs, as many as
-- go into one notification, or `*` where that would be too many.
CREATE FUNCTION tell_summaries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM changed) > 2000 THEN
        PERFORM pg_notify('jimm_summaries_changed', '*');
    ELSE
        PERFORM pg_notify('jimm_summaries_changed', told.uuids)
        FROM (SELECT string_agg(numbered.uuid::text, ',') AS uuids
              FROM (SELECT uuid, (row_number() OVER () - 1) / 200 AS part FROM changed) numbered GROUP BY part) told;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER models_added AFTER INSERT ON models
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_summaries();
CREATE TRIGGER models_changed AFTER UPDATE ON models
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_summaries();
CREATE TRIGGER models_removed AFTER DELETE ON models
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_summaries();

-- And of every change of a right that may be one to a model: to that model, or to nobody knows which.
CREATE FUNCTION tell_summary_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) > 200 OR bool_or(object_kind <> 'model') FROM changed
        WHERE object_kind NOT IN ('cloud', 'applicationoffer', 'serviceaccount')) THEN
        PERFORM pg_notify('jimm_summaries_changed', '*');
    ELSE
        PERFORM pg_notify('jimm_summaries_changed', told.uuids)
        FROM (SELECT string_agg(DISTINCT object_id, ',') AS uuids FROM changed WHERE object_kind = 'model') told
        WHERE told.uuids IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER relation_tuples_tell_added AFTER INSERT ON relation_tuples
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_summary_rights();
CREATE TRIGGER relation_tuples_tell_removed AFTER DELETE ON relation_tuples
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_summary_rights();
