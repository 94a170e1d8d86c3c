-- After a move the agents of the model are looked for at the target: some never find the way there.
ALTER TABLE migration_aftercare
    DROP CONSTRAINT migration_aftercare_kind_check,
    ADD CONSTRAINT migration_aftercare_kind_check CHECK (kind IN ('relations', 'source', 'agents'));
