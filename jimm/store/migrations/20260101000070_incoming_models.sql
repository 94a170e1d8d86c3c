-- Models that come in from controllers that are none of the broker's: where to, and who their users are here. A record is
-- made by an administrator, goes with the migration, and is kept for a day after its end.
CREATE TABLE incoming_models (
    model_uuid      uuid PRIMARY KEY,
    controller_uuid uuid        NOT NULL REFERENCES controllers (uuid) ON DELETE CASCADE,
    -- Local user of the source to user of the broker; an empty one is left behind. An object of texts.
    user_mapping    jsonb       NOT NULL,
    requested_by    text        NOT NULL,
    state           text        NOT NULL DEFAULT 'prepared'
                    CHECK (state IN ('prepared', 'importing', 'active', 'aborted')),
    -- Why it did not go on, when that was the last that was heard.
    message         text        NOT NULL DEFAULT '',
    prepared_at     timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL
);
CREATE INDEX incoming_models_controller ON incoming_models (controller_uuid);

-- Who local users of the source are in the broker, for as long as the model is here: relations to its offers go on naming
-- them as the source did.
CREATE TABLE user_mappings (
    model_uuid    uuid NOT NULL REFERENCES models (uuid) ON DELETE CASCADE ON UPDATE CASCADE,
    local_user    text NOT NULL,
    external_user text NOT NULL,
    PRIMARY KEY (model_uuid, local_user)
);
