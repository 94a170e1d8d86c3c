-- The audit log in batches, as the broker writes them: a row and its four index entries for each request and each answer
-- cost Postgres more than everything else that the broker asked of it.
CREATE TABLE audit_batches (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_time timestamptz NOT NULL,
    last_time  timestamptz NOT NULL,
    size       integer     NOT NULL,
    -- What occurs in it: who looks for one of them need not read the others.
    identities text[]      NOT NULL,
    models     text[]      NOT NULL,
    methods    text[]      NOT NULL,
    -- A JSON array of entries. Bytes, because nobody needs Postgres to parse them when they are written.
    entries    bytea       NOT NULL
);
ALTER TABLE audit_batches ALTER COLUMN entries SET STORAGE EXTERNAL;
CREATE INDEX audit_batches_first ON audit_batches (first_time, id);
CREATE INDEX audit_batches_last ON audit_batches (last_time, id);

INSERT INTO audit_batches (first_time, last_time, size, identities, models, methods, entries)
SELECT min(time), max(time), count(*), array_agg(DISTINCT identity), array_agg(DISTINCT model),
       array_agg(DISTINCT facade_method),
       convert_to(jsonb_agg(to_jsonb(e) - 'id' ORDER BY time, id)::text, 'UTF8')
FROM audit_entries e
GROUP BY date_trunc('minute', time);

DROP TABLE audit_entries;

-- The same as rows, for people and their queries.
CREATE VIEW audit_entries AS
SELECT b.id AS batch, e.*
FROM audit_batches b
CROSS JOIN LATERAL jsonb_to_recordset(convert_from(b.entries, 'UTF8')::jsonb)
    AS e (time timestamptz, conversation_id text, message_id bigint, facade_name text, facade_method text,
          facade_version integer, object_id text, identity text, model text, is_response boolean, params jsonb,
          errors jsonb);
