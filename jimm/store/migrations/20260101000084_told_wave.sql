-- The wave that was told of as an event, so that each is told once, whoever carries the plan out.
ALTER TABLE plans ADD COLUMN told_wave integer NOT NULL DEFAULT -1;
UPDATE plans SET told_wave = coalesce((
    SELECT max(wave) FROM plan_models WHERE plan_id = plans.id AND state <> 'waiting'), -1);
