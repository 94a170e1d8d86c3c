-- What a job needs that is secret, sealed. The row goes when the job is over.
CREATE TABLE job_secrets (
    id         uuid        PRIMARY KEY,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Saved settings for making controllers, without secrets.
CREATE TABLE controller_profiles (
    name         text        PRIMARY KEY,
    description  text        NOT NULL DEFAULT '',
    juju_version text        NOT NULL,
    -- Grows with every save: who saves with another one saves nothing.
    version      bigint      NOT NULL DEFAULT 1,
    cloud        jsonb       NOT NULL,
    options      jsonb       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
