//! Help of plans.

pub(crate) const DRAIN: &str = help!(
    [
        "jimmctl plan-drain old -o drain.yaml",
        "jimmctl plan-drain old --to new1 --to new2 --match 'alice@example.com/*' --canaries 2",
    ],
    0 => "the plan is written; nothing is begun. Models without a place are in it under \"left\", with the reason",
    1 => "there is no such controller, or you are not an administrator",
);
pub(crate) const REBALANCE: &str = help!(
    ["jimmctl plan-rebalance --moves 5 -o even.yaml"],
    0 => "the plan is written; nothing is begun, and it may be empty",
    1 => "the broker did not answer or refused",
);
pub(crate) const FLEET: &str = help!(
    [
        "jimmctl upgrade-fleet --from 3.6 --to 4.1 --dry-run",
        "jimmctl upgrade-fleet --from 3.6.11 --to new1 --canaries 3 --parallel 5",
    ],
    0 => "every model is on a newer controller, upgraded, and as well as before; has begun (--no-wait); the plan is written (--dry-run)",
    1 => "nothing was begun, or a model failed or got worse: the plan has stopped and tells why",
);
pub(crate) const APPLY: &str = help!(
    ["jimmctl apply-plan drain.yaml --check", "jimmctl apply-plan drain.yaml", "jimmctl apply-plan --no-wait drain.yaml"],
    0 => "every model is where it was to go and the sources are empty; has begun (--no-wait); can be applied (--check)",
    1 => "something is wrong with the plan and nothing was begun; or models failed, or the plan stopped or was given up; or a source is not empty",
);
pub(crate) const LIST: &str = help!(
    ["jimmctl plans"],
    0 => "listed, the newest first; the list may be empty",
    1 => "the broker did not answer or refused",
);
pub(crate) const SHOW: &str = help!(
    ["jimmctl show-plan 7", "jimmctl show-plan 7 --format json"],
    0 => "shown",
    1 => "there is no such plan, or you are not an administrator",
);
pub(crate) const WATCH: &str = help!(
    ["jimmctl watch-plan 7"],
    0 => "the plan has ended, every model is where it was to go, and the sources are empty",
    1 => "it has not ended so, or has stopped",
);
pub(crate) const PAUSE: &str = help!(
    ["jimmctl pause-plan 7"],
    0 => "no model is begun any more; what is under way ends",
    1 => "there is no such plan, it does not run, or you are not an administrator",
);
pub(crate) const RESUME: &str = help!(
    ["jimmctl resume-plan 7"],
    0 => "models are begun again; those that have failed stay so",
    1 => "there is no such plan, it is neither paused nor stopped, or you are not an administrator",
);
pub(crate) const ABORT: &str = help!(
    ["jimmctl abort-plan 7"],
    0 => "no model is begun any more, moves are stopped as far as controllers do that, and the plan ends when all have ended; the sources stay cordoned",
    1 => "there is no such plan, it has ended, or you are not an administrator",
);
pub(crate) const SKIP: &str = help!(
    ["jimmctl skip-plan-model 7 alice@example.com/shop"],
    0 => "the models stay where they are",
    1 => "one of them is not in the plan, or under way or done: nothing has changed",
);
pub(crate) const RETRY: &str = help!(
    ["jimmctl retry-plan-model 7", "jimmctl retry-plan-model 7 alice@example.com/shop"],
    0 => "the models, or all that have failed, are tried again; a plan that has stopped goes on with \"resume-plan\"",
    1 => "one of them is not in the plan, or has neither failed nor was skipped, or the plan is being given up: nothing has changed",
);
