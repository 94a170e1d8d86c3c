//! Help of making and destroying controllers.

pub(crate) const BOOTSTRAP: &str = help!(
    [
        "jimmctl bootstrap aws/eu-west-1 prod-2 --controller-version 3.6.12",
        "jimmctl bootstrap metal prod-3 --cloud metal.yaml --credential-file creds.yaml --config audit-log-max-size=1G",
        "jimmctl bootstrap --profile small prod-4 --detach",
    ],
    0 => "the controller is made and attached; has begun (--detach)",
    1 => "it is not; the error says what may be left in the cloud",
);
pub(crate) const STATUS: &str = help!(
    ["jimmctl bootstrap-status 17", "jimmctl bootstrap-status -f 17"],
    0 => "shown; with -f, the job has ended well",
    1 => "there is no such job, you are not an administrator, or, with -f, it has failed",
);
pub(crate) const STOP: &str = help!(
    ["jimmctl bootstrap-stop 17", "jimmctl job-stop 17"],
    0 => "it is being stopped; the client has a minute to clean up after itself",
    1 => "there is no such job, it has ended, or it is not of a kind that can be stopped so",
);
pub(crate) const DESTROY: &str = help!(
    ["jimmctl destroy-controller old", "jimmctl destroy-controller old --destroy-storage --no-prompt --detach"],
    0 => "the controller is destroyed and detached; has begun (--detach)",
    1 => "it is not: it has models, or its cloud or the client refuses",
);
pub(crate) const SAVE_PROFILE: &str = help!(
    ["jimmctl save-controller-profile small.yaml", "jimmctl show-controller-profile small | sed s/4G/8G/ | jimmctl save-controller-profile -"],
    0 => "saved",
    1 => "the file makes no sense or holds a secret, or somebody has changed the profile meanwhile",
);
pub(crate) const SHOW_PROFILE: &str = help!(
    ["jimmctl show-controller-profile small"],
    0 => "shown",
    1 => "there is none of that name, or you are not an administrator",
);
pub(crate) const LIST_PROFILES: &str = help!(
    ["jimmctl controller-profiles", "jimmctl controller-profiles --juju-version 3.6 --format json"],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer or refused",
);
pub(crate) const REMOVE_PROFILE: &str = help!(
    ["jimmctl remove-controller-profile small -y"],
    0 => "removed",
    1 => "there is none of that name, or it was not agreed",
);
