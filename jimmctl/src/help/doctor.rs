//! Help of what was left behind.

pub(crate) const DOCTOR: &str = help!(
    ["jimmctl doctor", "jimmctl doctor --format json", "jimmctl doctor --repair 3f9a01c2d4"],
    0 => "nothing is found and every controller was looked at; repaired (--repair)",
    1 => "something is found, a controller does not answer, or the finding cannot be repaired so",
);
