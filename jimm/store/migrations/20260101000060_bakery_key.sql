-- The key pair that third-party caveats are sealed to. Controllers keep its public half for as long as they run, so there
-- is one, for all replicas and for good.
CREATE TABLE bakery_keys (
    id         text        PRIMARY KEY CHECK (id = 'discharger'),
    -- The private half.
    sealed     bytea       NOT NULL,
    public_key text        NOT NULL,
    created_at timestamptz NOT NULL
);
