-- One row per move of a model, however many attempts it takes. Names are kept as text and nothing refers to other
-- tables: the history outlives the model, its controllers and the jobs.
CREATE TABLE migrations (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The plan that it is part of.
    plan_id         bigint,
    model_uuid      uuid        NOT NULL,
    -- owner/name, as it was.
    model_name      text        NOT NULL,
    source_uuid     uuid        NOT NULL,
    source_name     text        NOT NULL,
    target_uuid     uuid        NOT NULL,
    target_name     text        NOT NULL,
    -- What the model had when it was asked for: what later estimates go by.
    machines        bigint      NOT NULL DEFAULT 0,
    units           bigint      NOT NULL DEFAULT 0,
    requested_by    text        NOT NULL,
    -- The job of the newest attempt.
    job_id          bigint      NOT NULL,
    attempt         integer     NOT NULL DEFAULT 1,
    -- The source's name for it.
    migration_id    text        NOT NULL DEFAULT '',
    state           text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'aborted')),
    phase           text        NOT NULL DEFAULT 'waiting',
    -- [{"phase", "attempt", "at"}], in order.
    phases          jsonb       NOT NULL DEFAULT '[]',
    -- The last word of the controllers, or of the broker.
    message         text        NOT NULL DEFAULT '',
    agents_reported bigint,
    agents_failed   bigint,
    log_records     bigint,
    -- How it ended, as a stable word and for people.
    code            text        NOT NULL DEFAULT '',
    reason          text        NOT NULL DEFAULT '',
    -- Since when it has not got further, why, and what to do.
    stuck_since     timestamptz,
    stuck_reason    text        NOT NULL DEFAULT '',
    next_step       text        NOT NULL DEFAULT '',
    -- What was found of relations across models after the switch.
    relations       jsonb       NOT NULL DEFAULT '[]',
    -- [{"attempt", "job", "started", "ended", "code", "reason"}], the ones before the newest.
    attempts        jsonb       NOT NULL DEFAULT '[]',
    abort_by        text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- When the newest attempt began.
    started_at      timestamptz NOT NULL DEFAULT now(),
    -- When the source was asked to begin, in the newest attempt.
    asked_at        timestamptz,
    -- When it last got further.
    progress_at     timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz
);
CREATE UNIQUE INDEX migrations_running_model ON migrations (model_uuid) WHERE state = 'running';
CREATE UNIQUE INDEX migrations_plan_model ON migrations (plan_id, model_uuid) WHERE plan_id IS NOT NULL;
CREATE INDEX migrations_model ON migrations (model_uuid, id);
CREATE INDEX migrations_job ON migrations (job_id);
CREATE INDEX migrations_source ON migrations (source_uuid, id);
CREATE INDEX migrations_target ON migrations (target_uuid, id);
