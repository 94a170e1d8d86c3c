//! What the identity provider is asked with, again and again, about the sessions of browsers: kept sealed in their rows.

use chrono::{DateTime, TimeDelta, Utc};
use jimm_store::sessions::{self, Due};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::authn::Vouching;
use crate::broker::Broker;
use crate::clock::delta;
use crate::error::{Error, Result};
use crate::secrets::{is_lost, row};

/// How long a provider that cannot be asked is left in peace, about one session.
const LATER: TimeDelta = TimeDelta::seconds(60);

impl Broker {
    /// Keeps what the provider is to be asked with about a session, an interval from now.
    pub async fn keep_vouching(&self, session: Uuid, vouching: &Vouching) -> Result<()> {
        let interval = self.settings.session.refresh_interval;
        if interval.is_zero() {
            return Ok(());
        }
        let content = serde_json::to_vec(vouching).map_err(Error::internal)?;
        let sealed = self.secrets.seal(&place(session), &content).await?;
        let at = self.clock.now() + delta(interval);
        sessions::set_refresh(&mut *self.store.acquire().await?, session, Some(&sealed), Some(at)).await?;
        Ok(())
    }

    /// Some sessions that the provider is to be asked about now.
    pub async fn due_for_vouching(&self, limit: i64) -> Result<Vec<Due>> {
        Ok(sessions::due(&mut *self.store.acquire().await?, self.clock.now(), limit).await?)
    }

    /// What the provider is to be asked with about this session; nothing when it cannot be opened any more. An error
    /// when it cannot be opened at the moment.
    pub async fn vouching_of(&self, due: &Due) -> Result<Option<Vouching>> {
        let Some(sealed) = due.sealed.as_deref() else { return Ok(None) };
        match self.secrets.open(&place(due.id), sealed).await {
            Ok(opened) => Ok(serde_json::from_slice(opened.expose_secret()).ok()),
            Err(error) if is_lost(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The provider could not be asked about this session: later.
    pub async fn ask_later(&self, session: Uuid) -> Result<DateTime<Utc>> {
        let at = self.clock.now() + LATER.min(delta(self.settings.session.refresh_interval));
        sessions::put_refresh_off(&mut *self.store.acquire().await?, session, at).await?;
        Ok(at)
    }

    /// Ends a session for which the provider does not vouch any more, and with it every open connection.
    pub async fn end_unvouched(&self, due: &Due, why: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let lived = sessions::revoke(&mut tx, due.id, self.clock.now()).await?;
        tx.commit().await?;
        if lived {
            tracing::info!(user = due.identity, session = %due.id, why, "session ended: the identity provider does not vouch for it");
        }
        Ok(())
    }
}

fn place(session: Uuid) -> String {
    row("sessions", &session.to_string(), "sealed")
}
