-- Plans: which models go where, in which order, how far that has come, and what came of each.
CREATE TABLE plans (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('drain', 'rebalance', 'upgrade')),
    state        text        NOT NULL DEFAULT 'running'
                 CHECK (state IN ('running', 'paused', 'stopped', 'aborting', 'proving', 'done', 'aborted')),
    -- Why it is in that state, for people.
    reason       text        NOT NULL DEFAULT '',
    -- The controllers that are to be empty at the end, and how they were called.
    sources      uuid[]      NOT NULL DEFAULT '{}',
    source_names text[]      NOT NULL DEFAULT '{}',
    waves        text[]      NOT NULL,
    parallel     integer     NOT NULL,
    per_source   integer     NOT NULL,
    per_target   integer     NOT NULL,
    failures     integer     NOT NULL,
    -- Seconds that a model has to be well again after its upgrade.
    patience     integer     NOT NULL,
    -- Failed models that somebody saw and went on all the same.
    tolerated    integer     NOT NULL DEFAULT 0,
    -- What the sources told at the end.
    proof        jsonb       NOT NULL DEFAULT '[]',
    requested_by text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE INDEX plans_live ON plans (id) WHERE finished_at IS NULL;

-- No key to models or controllers: what became of a model is told when it, or its target, is gone.
CREATE TABLE plan_models (
    plan_id     bigint      NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position    integer     NOT NULL,
    wave        integer     NOT NULL,
    model_uuid  uuid        NOT NULL,
    name        text        NOT NULL,
    source_uuid uuid        NOT NULL,
    source_name text        NOT NULL,
    target_uuid uuid        NOT NULL,
    target_name text        NOT NULL,
    why         text        NOT NULL DEFAULT '',
    state       text        NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'moving', 'upgrading', 'verifying', 'done', 'failed', 'skipped', 'cancelled')),
    -- Whether its plan goes on: a model is in one such plan at a time.
    held        boolean     NOT NULL DEFAULT true,
    -- The job that moves or upgrades it.
    job_id      bigint,
    attempts    integer     NOT NULL DEFAULT 0,
    -- What it waits for, or what came of it.
    reason      text        NOT NULL DEFAULT '',
    not_before  timestamptz NOT NULL DEFAULT '-infinity',
    -- The model's status before, in short, and what got worse.
    before      jsonb       NOT NULL DEFAULT '{}',
    worse       jsonb       NOT NULL DEFAULT '[]',
    started_at  timestamptz,
    ended_at    timestamptz,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, position)
);
CREATE UNIQUE INDEX plan_models_held ON plan_models (model_uuid) WHERE held;
CREATE INDEX plan_models_next ON plan_models (plan_id, state, wave, position);

-- Whoever runs plans hears when a move or an upgrade has ended, whoever ended it.
CREATE FUNCTION tell_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('jimm_plans_changed', NEW.key);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell_plans AFTER UPDATE OF state ON jobs FOR EACH ROW
    WHEN (NEW.kind IN ('migrate-model', 'upgrade-model') AND NEW.state IN ('successful', 'failed')
          AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION tell_plans();
