-- Grows whenever all sessions of an identity are ended: a connection remembers the value it began with.
ALTER TABLE identities ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

ALTER TABLE sessions
    ADD COLUMN auth_method    text   NOT NULL DEFAULT '',
    ADD COLUMN client_address text   NOT NULL DEFAULT '',
    -- How long it may lie unused; 0 for as long as it lives.
    ADD COLUMN idle_seconds   bigint NOT NULL DEFAULT 0;
