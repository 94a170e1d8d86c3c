-- The stores of OpenFGA that rights are or were mirrored to: the one that is active gets every change from now on.
CREATE TABLE relation_mirrors (
    store_id   text        PRIMARY KEY,
    active     boolean     NOT NULL,
    -- When everything that was there before had been told; nobody decides by the store before.
    synced_at  timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX relation_mirrors_active ON relation_mirrors (active) WHERE active;

-- Every change of a tuple goes into the outbox in its own transaction, whoever makes it and however, while rights are
-- mirrored. The row of the outbox is written while the tuple's own row is locked, so that changes of one tuple have
-- numbers in the order in which they become true.
CREATE FUNCTION tell_added_relations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM relation_mirrors WHERE active) THEN
        INSERT INTO relation_outbox
            (inserted, subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
        SELECT true, subject_kind, subject_id, subject_relation, relation, object_kind, object_id FROM changed;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION tell_removed_relations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM relation_mirrors WHERE active) THEN
        INSERT INTO relation_outbox
            (inserted, subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
        SELECT false, subject_kind, subject_id, subject_relation, relation, object_kind, object_id FROM changed;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER relation_tuples_added AFTER INSERT ON relation_tuples
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_added_relations();
CREATE TRIGGER relation_tuples_removed AFTER DELETE ON relation_tuples
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_removed_relations();
