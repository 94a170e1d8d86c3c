-- What is still owed after a model has moved: a row for each thing, claimed by whoever comes first and claimed anew when
-- its worker dies. Kept with the move: what came of it is part of the history.
CREATE TABLE migration_aftercare (
    migration_id bigint      NOT NULL REFERENCES migrations (id) ON DELETE CASCADE,
    -- 'relations': relations across models are looked at and put right; 'source': what becomes of the copy there.
    kind         text        NOT NULL CHECK (kind IN ('relations', 'source')),
    state        text        NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'done', 'given-up')),
    -- What came of it, as a stable word and for people.
    outcome      text        NOT NULL DEFAULT '',
    message      text        NOT NULL DEFAULT '',
    -- Grows with every claim: a worker that writes with an older value writes nothing.
    tries        integer     NOT NULL DEFAULT 0,
    -- Not to be claimed before: the next try, or the end of the time of whoever has it.
    due          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (migration_id, kind)
);
CREATE INDEX migration_aftercare_due ON migration_aftercare (due) WHERE state = 'owed';
