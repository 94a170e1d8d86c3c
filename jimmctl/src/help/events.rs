//! Help of events.

pub(crate) const EVENTS: &str = help!(
    ["jimmctl events", "jimmctl events -f --format json | jq 'select(.code == \"migration.failed\")'", "jimmctl events --after 1200"],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer or refused",
);
