CREATE TABLE models (
    uuid             uuid PRIMARY KEY,
    name             text        NOT NULL,
    owner            text        NOT NULL REFERENCES identities (name),
    controller_uuid  uuid        NOT NULL REFERENCES controllers (uuid),
    cloud            text        NOT NULL REFERENCES clouds (name),
    region           text        NOT NULL DEFAULT '',
    -- The credential the model uses on its cloud. Not a foreign key: an adopted model may use one never uploaded here.
    credential_owner text,
    credential_name  text,
    type             text        NOT NULL DEFAULT 'iaas',
    is_controller    boolean     NOT NULL DEFAULT false,
    life             text        NOT NULL DEFAULT 'alive' CHECK (life IN ('alive', 'dying', 'dead')),
    mode             text        NOT NULL DEFAULT ''
                     CHECK (mode IN ('', 'creating', 'importing', 'exporting', 'migrating-internal')),
    -- What the controller told last; answers lists while it cannot be asked.
    status           text        NOT NULL DEFAULT '',
    status_info      text        NOT NULL DEFAULT '',
    status_since     timestamptz,
    agent_version    text        NOT NULL DEFAULT '',
    machines         bigint      NOT NULL DEFAULT 0,
    cores            bigint      NOT NULL DEFAULT 0,
    units            bigint      NOT NULL DEFAULT 0,
    applications     bigint      NOT NULL DEFAULT 0,
    summary          jsonb       NOT NULL DEFAULT '{}',
    refreshed_at     timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT models_owner_name_key UNIQUE (owner, name)
);
CREATE INDEX models_controller ON models (controller_uuid);
CREATE INDEX models_credential ON models (cloud, credential_owner, credential_name);
CREATE INDEX models_mode ON models (mode) WHERE mode <> '';

CREATE TABLE offers (
    uuid        uuid PRIMARY KEY,
    model_uuid  uuid        NOT NULL REFERENCES models (uuid) ON DELETE CASCADE ON UPDATE CASCADE,
    name        text        NOT NULL,
    url         text        NOT NULL CONSTRAINT offers_url_key UNIQUE,
    application text        NOT NULL DEFAULT '',
    details     jsonb       NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX offers_model ON offers (model_uuid);

CREATE TABLE relation_tuples (
    subject_kind     text        NOT NULL,
    subject_id       text        NOT NULL,
    -- Empty unless the subject is a set: the members of a group, the assignees of a role.
    subject_relation text        NOT NULL DEFAULT '',
    relation         text        NOT NULL,
    object_kind      text        NOT NULL,
    object_id        text        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (object_kind, object_id, relation, subject_kind, subject_id, subject_relation)
);
CREATE INDEX relation_tuples_subject ON relation_tuples (subject_kind, subject_id, subject_relation, object_kind);

-- Changes still to be told to an external authorizer, in order. Written only where one is configured.
CREATE TABLE relation_outbox (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inserted         boolean     NOT NULL,
    subject_kind     text        NOT NULL,
    subject_id       text        NOT NULL,
    subject_relation text        NOT NULL DEFAULT '',
    relation         text        NOT NULL,
    object_kind      text        NOT NULL,
    object_id        text        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now()
);

-- Groups and roles: named sets of identities, told apart by kind.
CREATE TABLE identity_sets (
    uuid       uuid PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('group', 'role')),
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identity_sets_kind_name_key UNIQUE (kind, name)
);
