-- How long logins last, as administrators of the broker have decided; what stands here goes before the settings.
CREATE TABLE session_policies (
    -- `default`, `serviceaccounts`, `group-NAME` or `user-NAME@DOMAIN`.
    subject          text PRIMARY KEY,
    absolute_seconds bigint      NOT NULL CHECK (absolute_seconds > 0),
    -- How long one may lie unused; 0 for as long as it lives.
    idle_seconds     bigint      NOT NULL DEFAULT 0 CHECK (idle_seconds >= 0),
    updated_by       text        NOT NULL,
    updated_at       timestamptz NOT NULL
);
