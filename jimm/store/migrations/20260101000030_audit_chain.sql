-- The audit log as chains of batches, one for each writer, class and day: each batch has the hash of the one before it,
-- and signed checkpoints say how far each chain goes. Partitions by class and month, so that what is kept for different
-- times goes as whole tables.
CREATE TABLE audit_log (
    -- login, change, read; legacy is what was written before there were chains.
    class      text        NOT NULL,
    -- Of the first entry, UTC.
    day        date        NOT NULL,
    -- The process that wrote it.
    chain      uuid        NOT NULL,
    -- Its place in the chain of that class and day, from 0.
    seq        bigint      NOT NULL,
    first_time timestamptz NOT NULL,
    last_time  timestamptz NOT NULL,
    size       integer     NOT NULL,
    -- What occurs in it: who looks for one of them need not read the others.
    identities text[]      NOT NULL,
    models     text[]      NOT NULL,
    methods    text[]      NOT NULL,
    -- JSON, read by jimm/store/src/audit/codec.rs and by the view below.
    entries    bytea       NOT NULL,
    -- The hash of the batch before it in the chain, and its own.
    prev       bytea       NOT NULL,
    hash       bytea       NOT NULL,
    PRIMARY KEY (class, day, chain, seq)
) PARTITION BY LIST (class);
ALTER TABLE audit_log ALTER COLUMN entries SET STORAGE EXTERNAL;
CREATE INDEX audit_log_first ON audit_log (first_time, class, day, chain, seq);
CREATE INDEX audit_log_last ON audit_log (last_time, class, day, chain, seq);
CREATE TABLE audit_log_login PARTITION OF audit_log FOR VALUES IN ('login') PARTITION BY RANGE (day);
CREATE TABLE audit_log_change PARTITION OF audit_log FOR VALUES IN ('change') PARTITION BY RANGE (day);
CREATE TABLE audit_log_read PARTITION OF audit_log FOR VALUES IN ('read') PARTITION BY RANGE (day);
CREATE TABLE audit_log_legacy PARTITION OF audit_log FOR VALUES IN ('legacy') PARTITION BY RANGE (day);

-- Makes the partition for that class and day unless it is there: its name.
CREATE FUNCTION audit_partition(of_class text, of_day date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', of_day)::date;
    name  text := format('audit_log_%s_%s', of_class, to_char(month, 'YYYY_MM'));
BEGIN
    IF to_regclass(name) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('audit_partition'));
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                       name, 'audit_log_' || of_class, month, (month + interval '1 month')::date);
    END IF;
    RETURN name;
END $$;

-- Drops a partition, and nothing else.
CREATE FUNCTION audit_drop(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF name ~ '^audit_log_(login|change|read|legacy)_[0-9]{4}_[0-9]{2}$' THEN
        EXECUTE format('DROP TABLE IF EXISTS %I', name);
    END IF;
END $$;

-- What there was. Replicas of the release before this one may still add some until they are replaced.
CREATE FUNCTION audit_adopt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM audit_partition('legacy', (NEW.last_time AT TIME ZONE 'UTC')::date);
    INSERT INTO audit_log
    VALUES ('legacy', (NEW.last_time AT TIME ZONE 'UTC')::date, '00000000-0000-0000-0000-000000000000', NEW.id,
            NEW.first_time, NEW.last_time, NEW.size, NEW.identities, NEW.models, NEW.methods, NEW.entries, '', '');
    RETURN NULL;
END $$;
DO $$
DECLARE old date;
BEGIN
    FOR old IN SELECT DISTINCT (last_time AT TIME ZONE 'UTC')::date FROM audit_batches LOOP
        PERFORM audit_partition('legacy', old);
    END LOOP;
END $$;
INSERT INTO audit_log
SELECT 'legacy', (last_time AT TIME ZONE 'UTC')::date, '00000000-0000-0000-0000-000000000000', id,
       first_time, last_time, size, identities, models, methods, entries, '', ''
FROM audit_batches;
DROP VIEW audit_entries;
DELETE FROM audit_batches;
CREATE TRIGGER audit_adopt BEFORE INSERT ON audit_batches FOR EACH ROW EXECUTE FUNCTION audit_adopt();

-- What the chains were at some moment, and what was purged of them: a chain of its own, each one signed.
CREATE TABLE audit_checkpoints (
    no        bigint      PRIMARY KEY,
    at        timestamptz NOT NULL,
    -- JSON, signed as it is.
    body      text        NOT NULL,
    kid       text        NOT NULL,
    signature bytea       NOT NULL
);

-- The keys that sign them: Ed25519, the private half sealed.
CREATE TABLE audit_keys (
    kid        text        PRIMARY KEY,
    public     bytea       NOT NULL,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL
);

-- How far each export has come in each chain.
CREATE TABLE audit_exports (
    sink  text   NOT NULL,
    class text   NOT NULL,
    day   date   NOT NULL,
    chain uuid   NOT NULL,
    seq   bigint NOT NULL,
    PRIMARY KEY (sink, class, day, chain)
);

-- The entries as rows, for people and their queries.
CREATE VIEW audit_entries AS
SELECT l.class, l.day, l.chain, l.seq, e.n - 1 AS place,
       timestamptz 'epoch' + ((j.doc->>'t')::bigint + (e.e->>0)::bigint) * interval '1 microsecond' AS time,
       j.doc->'o'->(e.e->>1)::int->>0 AS conversation_id,
       (e.e->>3)::bigint AS message_id,
       j.doc->'m'->(e.e->>2)::int->>0 AS facade_name,
       j.doc->'m'->(e.e->>2)::int->>2 AS facade_method,
       (j.doc->'m'->(e.e->>2)::int->>1)::bigint AS facade_version,
       coalesce(e.e->5->>'i', '') AS object_id,
       j.doc->'o'->(e.e->>1)::int->>1 AS identity,
       j.doc->'o'->(e.e->>1)::int->>2 AS model,
       j.doc->'o'->(e.e->>1)::int->>3 AS client_address,
       j.doc->'o'->(e.e->>1)::int->>4 AS auth_method,
       e.e->>4 IS NOT NULL AS is_response,
       CASE WHEN e.e->>4 IS NOT NULL THEN coalesce(e.e->5->>'r', 'ok') END AS outcome,
       (e.e->>4)::bigint AS elapsed_us,
       e.e->5->'p' AS params,
       e.e->5->'e' AS errors
FROM audit_log l
CROSS JOIN LATERAL (SELECT convert_from(l.entries, 'UTF8')::jsonb AS doc OFFSET 0) j
CROSS JOIN LATERAL jsonb_array_elements(j.doc->'e') WITH ORDINALITY AS e (e, n)
WHERE l.class <> 'legacy'
UNION ALL
SELECT l.class, l.day, l.chain, l.seq, e.n - 1, (e.e->>'time')::timestamptz, e.e->>'conversation_id',
       (e.e->>'message_id')::bigint, e.e->>'facade_name', e.e->>'facade_method', (e.e->>'facade_version')::bigint,
       e.e->>'object_id', e.e->>'identity', e.e->>'model', '', '', (e.e->>'is_response')::boolean,
       CASE WHEN (e.e->>'is_response')::boolean THEN CASE WHEN e.e->'errors' IS NULL OR e.e->>'errors' IS NULL THEN 'ok' ELSE 'failed' END END,
       NULL, e.e->'params', e.e->'errors'
FROM audit_log l
CROSS JOIN LATERAL jsonb_array_elements(convert_from(l.entries, 'UTF8')::jsonb) WITH ORDINALITY AS e (e, n)
WHERE l.class = 'legacy';

DO $$
DECLARE of_class text; ahead integer;
BEGIN
    FOREACH of_class IN ARRAY ARRAY['login', 'change', 'read'] LOOP
        FOR ahead IN 0..2 LOOP
            PERFORM audit_partition(of_class, ((now() AT TIME ZONE 'UTC')::date + make_interval(months => ahead))::date);
        END LOOP;
    END LOOP;
END $$;
