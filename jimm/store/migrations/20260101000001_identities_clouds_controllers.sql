-- Names are unqualified on purpose: the search path of the connection decides the schema.
-- Migrations only expand; a later one contracts when no running release needs the old shape. A landed file is never edited.

CREATE TABLE identities (
    name         text PRIMARY KEY,
    display_name text        NOT NULL DEFAULT '',
    disabled     boolean     NOT NULL DEFAULT false,
    last_login   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE clouds (
    name              text PRIMARY KEY,
    type              text        NOT NULL,
    auth_types        text[]      NOT NULL DEFAULT '{}',
    endpoint          text        NOT NULL DEFAULT '',
    identity_endpoint text        NOT NULL DEFAULT '',
    storage_endpoint  text        NOT NULL DEFAULT '',
    host_cloud_region text        NOT NULL DEFAULT '',
    ca_certificates   text[]      NOT NULL DEFAULT '{}',
    skip_tls_verify   boolean     NOT NULL DEFAULT false,
    config            jsonb       NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cloud_regions (
    cloud             text        NOT NULL REFERENCES clouds (name) ON DELETE CASCADE,
    name              text        NOT NULL,
    -- Regions keep the order in which the controller told them: the first one is the default.
    position          integer     NOT NULL,
    endpoint          text        NOT NULL DEFAULT '',
    identity_endpoint text        NOT NULL DEFAULT '',
    storage_endpoint  text        NOT NULL DEFAULT '',
    config            jsonb       NOT NULL DEFAULT '{}',
    -- Made up by the broker for a cloud that has no regions.
    virtual           boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (cloud, name)
);

CREATE TABLE cloud_defaults (
    identity   text        NOT NULL REFERENCES identities (name) ON DELETE CASCADE,
    cloud      text        NOT NULL REFERENCES clouds (name) ON DELETE CASCADE,
    -- The empty region stands for the whole cloud.
    region     text        NOT NULL,
    defaults   jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (identity, cloud, region)
);

CREATE TABLE controllers (
    uuid               uuid PRIMARY KEY,
    name               text        NOT NULL CONSTRAINT controllers_name_key UNIQUE,
    addresses          text[]      NOT NULL DEFAULT '{}',
    public_address     text        NOT NULL DEFAULT '',
    ca_certificate     text        NOT NULL DEFAULT '',
    tls_hostname       text        NOT NULL DEFAULT '',
    agent_version      text        NOT NULL DEFAULT '',
    cloud              text        NOT NULL REFERENCES clouds (name),
    region             text        NOT NULL DEFAULT '',
    -- A superuser of the controller's own, which a source controller needs to log in to it during a move.
    admin_username     text        NOT NULL DEFAULT '',
    admin_sealed       bytea,
    -- Facade name to versions, as the last login told them.
    facades            jsonb       NOT NULL DEFAULT '{}',
    deprecated         boolean     NOT NULL DEFAULT false,
    unavailable_since  timestamptz,
    unavailable_reason text        NOT NULL DEFAULT '',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cloud_region_priorities (
    controller_uuid uuid    NOT NULL REFERENCES controllers (uuid) ON DELETE CASCADE,
    cloud           text    NOT NULL,
    region          text    NOT NULL,
    priority        integer NOT NULL,
    PRIMARY KEY (controller_uuid, cloud, region),
    FOREIGN KEY (cloud, region) REFERENCES cloud_regions (cloud, name) ON DELETE CASCADE
);
CREATE INDEX cloud_region_priorities_region ON cloud_region_priorities (cloud, region);

CREATE TABLE credentials (
    cloud          text        NOT NULL REFERENCES clouds (name) ON DELETE CASCADE,
    owner          text        NOT NULL REFERENCES identities (name),
    name           text        NOT NULL,
    auth_type      text        NOT NULL,
    -- The attributes, sealed. NULL for a credential without any.
    sealed         bytea,
    valid          boolean,
    invalid_reason text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cloud, owner, name)
);
CREATE INDEX credentials_owner ON credentials (owner);
