//! Help of the commands about the audit log.

pub(crate) const LIST: &str = help!(
    [
        "jimmctl audit-events --reverse --limit 20",
        "jimmctl list-audit-events --user-tag user-alice@example.com --method DestroyModels",
        "jimmctl list-audit-events --all --after 2026-11-01T00:00:00Z --format jsonl -o november.jsonl",
    ],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer, or you may not read the audit log",
);
pub(crate) const VERIFY: &str = help!(
    [
        "jimmctl verify-audit",
        "jimmctl verify-audit --key 3b1f…c2 --anchor 1234:9f0c…e1 --save november.jsonl",
        "jimmctl verify-audit --file november.jsonl",
    ],
    0 => "the log is what was written",
    1 => "it is not, and the faults are listed; or it could not be read",
);
pub(crate) const PURGE: &str = help!(
    ["jimmctl purge-audit-logs 2026-01-31"],
    0 => "purged; the answer tells how many entries are gone",
    1 => "the broker did not answer, or you are not an administrator",
);
pub(crate) const GRANT: &str = help!(
    ["jimmctl grant-audit-log-access alice@example.com"],
    0 => "the user may read the audit log, as of now or before",
    1 => "nothing has changed: it is no user's name, or you are not an administrator",
);
pub(crate) const REVOKE: &str = help!(
    ["jimmctl revoke-audit-log-access alice@example.com"],
    0 => "the user may not read it by this right any more; administrators still may",
    1 => "nothing has changed: it is no user's name, or you are not an administrator",
);
