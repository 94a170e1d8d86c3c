CREATE TABLE jobs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             text        NOT NULL,
    -- What the job is about; at most one job per kind and key is alive.
    key              text        NOT NULL,
    state            text        NOT NULL DEFAULT 'pending'
                     CHECK (state IN ('pending', 'running', 'successful', 'failed')),
    step             text        NOT NULL DEFAULT '',
    message          text        NOT NULL DEFAULT '',
    data             jsonb       NOT NULL DEFAULT '{}',
    error            text        NOT NULL DEFAULT '',
    requested_by     text        NOT NULL DEFAULT '',
    cancel_requested boolean     NOT NULL DEFAULT false,
    attempts         integer     NOT NULL DEFAULT 0,
    -- Not to be claimed before.
    run_at           timestamptz NOT NULL DEFAULT now(),
    lease_owner      text        NOT NULL DEFAULT '',
    -- Grows with every claim: a worker that writes with an older value writes nothing.
    fence            bigint      NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    log_lines        integer     NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz
);
CREATE UNIQUE INDEX jobs_live_key ON jobs (kind, key) WHERE state IN ('pending', 'running');
CREATE INDEX jobs_claimable ON jobs (run_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX jobs_kind_key ON jobs (kind, key, id);

CREATE TABLE job_logs (
    job_id bigint      NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    line   integer     NOT NULL,
    time   timestamptz NOT NULL DEFAULT now(),
    text   text        NOT NULL,
    PRIMARY KEY (job_id, line)
);

CREATE TABLE signing_keys (
    kid         text PRIMARY KEY,
    algorithm   text        NOT NULL,
    sealed      bytea       NOT NULL,
    public_jwk  jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    active_from timestamptz NOT NULL,
    -- When it leaves the published set; NULL while it is not yet replaced.
    retires_at  timestamptz
);

CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    kind       text        NOT NULL,
    identity   text        NOT NULL REFERENCES identities (name) ON DELETE CASCADE,
    sealed     bytea,
    created_at timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_identity ON sessions (identity);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Duties of which only one replica at a time has charge.
CREATE TABLE leases (
    name        text PRIMARY KEY,
    owner       text        NOT NULL,
    fence       bigint      NOT NULL,
    lease_until timestamptz NOT NULL
);

CREATE TABLE audit_entries (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time            timestamptz NOT NULL,
    conversation_id text        NOT NULL,
    message_id      bigint      NOT NULL,
    facade_name     text        NOT NULL DEFAULT '',
    facade_method   text        NOT NULL DEFAULT '',
    facade_version  integer     NOT NULL DEFAULT 0,
    object_id       text        NOT NULL DEFAULT '',
    identity        text        NOT NULL DEFAULT '',
    model           text        NOT NULL DEFAULT '',
    is_response     boolean     NOT NULL,
    params          jsonb,
    errors          jsonb
);
CREATE INDEX audit_entries_time ON audit_entries (time);
CREATE INDEX audit_entries_identity ON audit_entries (identity, time);
CREATE INDEX audit_entries_method ON audit_entries (facade_method, time);
CREATE INDEX audit_entries_model ON audit_entries (model, time);
