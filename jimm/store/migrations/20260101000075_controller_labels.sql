-- What operators say of a controller for placement: labels describe it, taints keep models away that were not meant for
-- it. Both are objects of strings. A cordoned controller gets no model at all, by whatever way.
ALTER TABLE controllers
    ADD COLUMN labels         jsonb       NOT NULL DEFAULT '{}',
    ADD COLUMN taints         jsonb       NOT NULL DEFAULT '{}',
    ADD COLUMN cordoned_since timestamptz,
    ADD COLUMN cordoned_by    text        NOT NULL DEFAULT '',
    ADD COLUMN cordon_reason  text        NOT NULL DEFAULT '';
