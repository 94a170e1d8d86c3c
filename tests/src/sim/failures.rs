//! Switches that make a controller misbehave, turned while it runs.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The phases of a migration, as Juju calls them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Agents are told to be quiet, both sides check.
    Quiesce,
    /// The model is sent.
    Import,
    /// Nothing happens on the wire.
    ProcessRelations,
    /// Agents log in at the target, which takes charge.
    Validation,
    /// There is no way back.
    Success,
    /// Logs follow.
    LogTransfer,
    /// The source removes the model.
    Reap,
}

impl Phase {
    /// All, in their order.
    pub const ALL: [Self; 7] = [
        Self::Quiesce,
        Self::Import,
        Self::ProcessRelations,
        Self::Validation,
        Self::Success,
        Self::LogTransfer,
        Self::Reap,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiesce => "QUIESCE",
            Self::Import => "IMPORT",
            Self::ProcessRelations => "PROCESSRELATIONS",
            Self::Validation => "VALIDATION",
            Self::Success => "SUCCESS",
            Self::LogTransfer => "LOGTRANSFER",
            Self::Reap => "REAP",
        }
    }
}

/// What can be switched on. Of those that concern migrations, `import-error` and `abort-unreachable` work on either side,
/// `check-machines-error` at the target, `prechecks-error` where it is set, the others at the source.
const SWITCHES: &[&str] = &[
    "prechecks-error",
    "import-error",
    "silent-agents",
    "check-machines-error",
    "activate-error",
    "abort-unreachable",
    "reap-failed",
    "lie-about-uuid",
    "refuse-connections",
    "refuse-logins",
    "freeze",
    "slow",
    "slow-status",
    "units-in-error",
    "agents-down",
    "units-behind",
    "password-refused",
    "drop-calls",
    "garbage",
    "jwks-unreachable",
];

/// The switches of one controller.
#[derive(Debug, Default)]
pub struct Failures {
    on: Mutex<BTreeSet<String>>,
    held: Mutex<String>,
    released: Notify,
}

impl Failures {
    /// Turns a switch; an unknown one is an error that names the known ones.
    pub fn set(&self, switch: &str, on: bool) -> Result<(), String> {
        if !SWITCHES.contains(&switch) {
            return Err(format!("no switch {switch:?}; there are {}", SWITCHES.join(", ")));
        }
        let mut set = self.on.lock().unwrap_or_else(PoisonError::into_inner);
        if on {
            set.insert(switch.to_owned());
        } else {
            set.remove(switch);
        }
        drop(set);
        self.released.notify_waiters();
        Ok(())
    }

    /// Whether a switch is on.
    pub fn is_on(&self, switch: &str) -> bool {
        self.on.lock().unwrap_or_else(PoisonError::into_inner).contains(switch)
    }

    /// Holds every migration at the beginning of this phase, by its word; an empty one lets all go on.
    pub fn hold(&self, phase: &str) -> Result<(), String> {
        if !phase.is_empty() && !Phase::ALL.iter().any(|known| known.as_str() == phase) {
            let known: Vec<&str> = Phase::ALL.iter().map(|known| known.as_str()).collect();
            return Err(format!("no phase {phase:?}; there are {}", known.join(", ")));
        }
        phase.clone_into(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner));
        self.released.notify_waiters();
        Ok(())
    }

    /// Waits while migrations are held at this phase.
    pub(super) async fn pass(&self, phase: Phase) {
        self.wait_while(|this| *this.held.lock().unwrap_or_else(PoisonError::into_inner) == phase.as_str()).await;
    }

    /// Waits while a switch is on.
    pub(super) async fn wait_off(&self, switch: &str) {
        self.wait_while(|this| this.is_on(switch)).await;
    }

    async fn wait_while(&self, held: impl Fn(&Self) -> bool) {
        while held(self) {
            // A release between the look and the wait is seen at the next look.
            let _ = tokio::time::timeout(Duration::from_millis(20), self.released.notified()).await;
        }
    }
}
