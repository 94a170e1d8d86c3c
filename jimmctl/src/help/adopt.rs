//! Help of the command that adopts controllers.

pub(crate) const ADOPT: &str = help!(
    [
        "jimmctl adopt old",
        "jimmctl adopt old --user-mapping users.yaml",
        "jimmctl adopt old --user-mapping users.yaml --local --apply",
    ],
    0 => "told what is there and what would change; with --apply: everything that was asked for is adopted",
    1 => "the controller or the broker does not answer, or with --apply: something is left, which is named",
);
