-- One that is cleaned up takes no word of its source any more: what comes in between would be lost.
ALTER TABLE incoming_models DROP CONSTRAINT incoming_models_state_check;
ALTER TABLE incoming_models ADD CONSTRAINT incoming_models_state_check
    CHECK (state IN ('prepared', 'importing', 'closed', 'active', 'aborted'));
