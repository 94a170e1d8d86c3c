-- Models that are on their way to a controller which is none of the broker's: what tells this time from an earlier one.
CREATE TABLE departures (
    model_uuid    uuid PRIMARY KEY REFERENCES models (uuid) ON DELETE CASCADE ON UPDATE CASCADE,
    -- When the model's controller was asked.
    asked_at      timestamptz NOT NULL,
    -- When the migration began of which the controller told before: what it tells of that one is not meant.
    earlier_start text,
    -- Since when the controller lets people work with the model as if there were no migration.
    usable_since  timestamptz
);
INSERT INTO departures (model_uuid, asked_at) SELECT uuid, now() FROM models WHERE mode = 'exporting';
