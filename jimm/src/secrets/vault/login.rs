//! A login at a server of Vault's kind, and the logins that failed. A refused one is not repeated at once: such servers
//! lock a role out for a quarter of an hour after five refusals, also for who comes with the right secret then.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};

use super::error::VaultError;

/// How long the first refused login is not repeated with the same secret id; each further one twice as long, up to
/// [`PAUSE_MOST`].
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause between logins that are refused.
const PAUSE_MOST: Duration = Duration::from_secs(300);

/// Logins that did not succeed: how many, why the last one did not, and whether the server refused it.
#[derive(Default)]
pub(super) struct Failed {
    pub(super) count: u64,
    pub(super) why: Option<VaultError>,
    refused: Option<Refused>,
}

/// A login that the server refuses until somebody does something about it.
struct Refused {
    secret_id: SecretString,
    since: Instant,
    pause: Duration,
}

impl Failed {
    /// Why nobody should try this secret id yet.
    pub(super) fn pause(&self, secret_id: &SecretString) -> Option<VaultError> {
        let refused = self.refused.as_ref()?;
        let same = refused.secret_id.expose_secret() == secret_id.expose_secret();
        (same && refused.since.elapsed() < refused.pause).then(|| self.why.clone())?
    }

    /// Forgets that logins were refused: one was not.
    pub(super) fn clear(&mut self) {
        self.refused = None;
    }

    /// Keeps why a login did not succeed, and with which secret id, where it came so far.
    pub(super) fn note(&mut self, why: &VaultError, secret_id: Option<SecretString>) {
        self.count += 1;
        self.why = Some(why.clone());
        self.refused = secret_id.filter(|_| matches!(why, VaultError::Login { .. })).map(|secret_id| {
            let before = self.refused.take().filter(|it| it.secret_id.expose_secret() == secret_id.expose_secret());
            let pause = before.map_or(PAUSE, |before| (before.pause * 2).min(PAUSE_MOST));
            Refused { secret_id, since: Instant::now(), pause }
        });
    }
}

/// What we are let in with.
pub(super) struct Login {
    pub(super) token: SecretString,
    pub(super) since: Instant,
    pub(super) lease: Duration,
    pub(super) renewable: bool,
}

impl Login {
    /// Whether it is still good.
    pub(super) fn lasts(&self) -> bool {
        self.lease.is_zero() || self.since.elapsed() < self.lease
    }
}
