//! Help of upgrades and jobs.

pub(crate) const UPGRADE_TO: &str = help!(
    ["jimmctl upgrade-to newer alice@example.com/shop", "jimmctl upgrade-to --no-wait newer alice@example.com/shop"],
    0 => "every model is on the controller and its agents are being upgraded; has begun (--no-wait)",
    1 => "one was not or cannot; one that was not moved is where it was",
);
pub(crate) const JOB_STATUS: &str = help!(
    ["jimmctl job-status 17", "jimmctl job-status -f 17 --format json"],
    0 => "shown; with -f, the job has ended well",
    1 => "there is no such job, you are not an administrator, or, with -f, it has failed",
);
pub(crate) const LIST_JOBS: &str = help!(
    ["jimmctl list-jobs", "jimmctl list-jobs --kind upgrade-model --status failed --format json"],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer or refused",
);
