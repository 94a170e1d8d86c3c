//! The audit log on its way: from those who note what happens, by a queue that they never wait for, into chained batches,
//! to the database or, while it is away, to disk. It knows no connections, and nobody who reads it.

mod backlog;
mod chain;
mod ledger;
mod queue;
mod redact;
mod spill;
mod writer;

pub use ledger::Ledger;
pub use queue::AuditQueue;
pub(crate) use redact::{Fields, redacted};
pub(crate) use spill::Spill;
pub use writer::AuditWriter;

use jimm_store::audit::Origin;

/// The connection's name in entries that are the broker's own.
pub(crate) fn own_origin() -> Origin {
    Origin { identity: "user-".to_owned(), ..Origin::default() }
}

/// The stable name of what happened, for rules of others: `jimm.add-group`, `http.post-rebac-v1-groups`.
pub(crate) fn event_code(facade: &str, method: &str) -> String {
    let mut code = String::with_capacity(facade.len() + method.len() + 8);
    kebab(&mut code, facade);
    code.push('.');
    kebab(&mut code, method);
    code
}

fn kebab(out: &mut String, name: &str) {
    let chars: Vec<char> = name.chars().take(128).collect();
    let start = out.len();
    for (n, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if out.len() > start && !out.ends_with('-') {
                out.push('-');
            }
            continue;
        }
        let before = n.checked_sub(1).and_then(|n| chars.get(n));
        let after_small = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let ends_capitals = before.is_some_and(char::is_ascii_uppercase)
            && chars.get(n + 1).is_some_and(char::is_ascii_lowercase)
            && !matches!(chars.get(n + 1..n + 3), Some(['s', c]) if !c.is_ascii_lowercase());
        if c.is_ascii_uppercase() && (after_small || ends_capitals) && !out.ends_with('-') && out.len() > start {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    while out.len() > start && out.ends_with('-') {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_codes_are_readable_and_stable() {
        for (facade, method, code) in [
            ("JIMM", "AddGroup", "jimm.add-group"),
            ("ModelManager", "DumpModelsDB", "model-manager.dump-models-db"),
            ("Controller", "IdentityProviderURL", "controller.identity-provider-url"),
            ("Controller", "ControllerAPIInfoForModels", "controller.controller-api-info-for-models"),
            ("SSHClient", "PublicKeys", "ssh-client.public-keys"),
            ("HTTP", "PATCH/rebac/v1/groups/{id}/roles", "http.patch-rebac-v1-groups-id-roles"),
            ("", "\u{fffd}x…", ".x"),
        ] {
            assert_eq!(event_code(facade, method), code);
        }
    }
}
