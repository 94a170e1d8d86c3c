//! The one table of the codes of events: their names are for programs and never change, their meanings are for people.

/// What may happen.
#[derive(Debug, Eq, PartialEq)]
pub struct Code {
    /// Its name.
    pub name: &'static str,
    /// What it is about: `model`, `controller`, `job`, `plan`.
    pub kind: &'static str,
    /// When it happens.
    pub meaning: &'static str,
    /// The fields of its data, with commas between them.
    pub data: &'static str,
}

macro_rules! codes {
    ($($id:ident = $name:literal, $kind:literal, $meaning:literal, $data:literal;)*) => {
        impl Code {
            $(#[doc = $meaning] pub const $id: &'static Self =
                &Self { name: $name, kind: $kind, meaning: $meaning, data: $data };)*
            /// All of them.
            pub const ALL: &'static [&'static Self] = &[$(Self::$id),*];
        }
    };
}

codes! {
    MIGRATION_STARTED = "migration.started", "model", "A move of the model was asked for", "job, source, target, by";
    MIGRATION_PHASE = "migration.phase", "model", "The move came to another phase, or its controllers told news of it", "job, source, target, phase, message";
    MIGRATION_MOVED = "migration.moved", "model", "The model is on its new controller, and the broker's records say so", "job, source, target, message";
    MIGRATION_FAILED = "migration.failed", "model", "The model stays where it was", "job, source, target, reason";
    MIGRATION_STUCK = "migration.stuck", "model", "The move makes no progress", "job, source, target, phase, reason, suggestion";
    MIGRATION_REAP_FAILED = "migration.reap-failed", "model", "The model is on its new controller, and the old one could not remove its copy", "migration, about, source, target, message";
    MIGRATION_RELATIONS_BROKEN = "migration.relations-broken", "model", "Relations across models do not work after the move, and the broker could not put them right", "migration, about, source, target, message";
    MIGRATION_AGENTS_LOST = "migration.agents-lost", "model", "The model is on its new controller, and some of its agents do not report there", "migration, about, source, target, message";
    MIGRATION_AFTERCARE_GIVEN_UP = "migration.aftercare-given-up", "model", "Something that was owed after the move was tried too often", "migration, about, source, target, message";
    MODEL_ARCHIVED = "model.archived", "model", "The broker no longer has the model: its record is in the archive", "controller";
    MODEL_REPAIRED = "model.repaired", "model", "Somebody had a finding of the doctor repaired", "finding, by";
    CONTROLLER_ADDED = "controller.added", "controller", "The controller was attached", "version, by";
    CONTROLLER_REMOVED = "controller.removed", "controller", "The controller was detached", "models";
    CONTROLLER_UNREACHABLE = "controller.unreachable", "controller", "The controller no longer answers", "reason";
    CONTROLLER_REACHABLE = "controller.reachable", "controller", "The controller answers again", "";
    CONTROLLER_CORDONED = "controller.cordoned", "controller", "The controller gets no more models", "by, reason";
    CONTROLLER_UNCORDONED = "controller.uncordoned", "controller", "The controller may get models again", "by";
    CONTROLLER_LABELLED = "controller.labelled", "controller", "The controller's labels or taints were set", "labels, taints, by";
    JOB_STARTED = "job.started", "job", "The job was asked for; moves have events of their own", "job, kind, about, by";
    JOB_ENDED = "job.ended", "job", "The job has ended well", "job, kind, about, message";
    JOB_FAILED = "job.failed", "job", "The job has ended badly", "job, kind, about, reason";
    PLAN_CREATED = "plan.created", "plan", "The plan was made", "by";
    PLAN_STARTED = "plan.started", "plan", "The plan is applied", "by";
    PLAN_PAUSED = "plan.paused", "plan", "The plan begins no more moves for now", "by, reason";
    PLAN_RESUMED = "plan.resumed", "plan", "The plan goes on", "by";
    PLAN_WAVE = "plan.wave", "plan", "The plan came to another wave", "wave, models";
    PLAN_STEP_FAILED = "plan.step-failed", "plan", "One of the plan's models was not moved", "model, reason";
    PLAN_STOPPED = "plan.stopped", "plan", "The plan has stopped: too much failed, or somebody stopped it", "reason";
    PLAN_DONE = "plan.done", "plan", "Everything in the plan has ended", "moved, failed, skipped";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_of_one_form_and_no_two_are_the_same() {
        let mut names = BTreeSet::new();
        for code in Code::ALL {
            let (area, what) = code.name.split_once('.').unwrap();
            let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(plain(area) && plain(what), "{}", code.name);
            assert!(["model", "controller", "job", "plan"].contains(&code.kind), "{}", code.kind);
            assert!(names.insert(code.name), "{} twice", code.name);
        }
    }
}
