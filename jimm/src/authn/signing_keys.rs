//! Keeps the key ring and the database in step: the first key made once for all replicas, later ones in time.
//!
//! Replicas agree through the database alone: each reloads the keys now and then and picks the one that signs by its
//! own clock; whoever finds that something is due does it under a lock, so that it happens once.

use std::sync::Arc;

use jimm_store::{Store, keys};
use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::key_ring::{ALGORITHM, KeyRing, SigningKey, algorithm_name, generate};
use super::key_schedule::{KeyTimes, Plan, plan};
use crate::clock::Clock;
use crate::config::JwtSettings;
use crate::error::{Error, Result};
use crate::secrets::{self, SecretStore};

/// The keys in the database, and their copy in memory.
#[derive(Debug)]
pub struct SigningKeys {
    store: Store,
    secrets: Arc<dyn SecretStore>,
    settings: JwtSettings,
    clock: Arc<dyn Clock>,
    ring: Arc<KeyRing>,
}

impl SigningKeys {
    /// Loads the keys; makes the first one if there is none.
    pub async fn open(
        store: Store,
        secrets: Arc<dyn SecretStore>,
        settings: JwtSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let ring = Arc::new(KeyRing::new(Arc::clone(&clock)));
        let keys = Self { store, secrets, settings, clock, ring };
        keys.refresh().await?;
        Ok(keys)
    }

    /// The keys in memory.
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring)
    }

    /// Takes over what other replicas did, and does what is due.
    pub async fn refresh(&self) -> Result<()> {
        let mut rows = {
            let mut conn = self.store.acquire().await.map_err(Error::internal)?;
            keys::purge(&mut conn, self.clock.now()).await.map_err(Error::internal)?;
            keys::published(&mut conn, self.clock.now()).await.map_err(Error::internal)?
        };
        if !self.plan(&rows).is_empty() {
            rows = self.do_what_is_due().await?;
        }
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            opened.push(self.opened(row).await?);
        }
        self.ring.replace(opened);
        Ok(())
    }

    /// Refreshes until told to stop. A failure leaves the keys as they were and is tried again.
    pub async fn keep(self: Arc<Self>, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(self.settings.key_reload);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await;
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.refresh().await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "signing keys were not refreshed");
            }
        }
    }

    fn plan(&self, rows: &[keys::SigningKey]) -> Plan {
        let times: Vec<KeyTimes> = rows
            .iter()
            .map(|row| KeyTimes { kid: row.kid.clone(), active_from: row.active_from, retires_at: row.retires_at })
            .collect();
        plan(&times, self.clock.now(), &self.settings)
    }

    /// Under a lock: looks again, for another replica may have been faster, and does the rest.
    async fn do_what_is_due(&self) -> Result<Vec<keys::SigningKey>> {
        let fresh = self.fresh().await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await.map_err(Error::internal)?;
        keys::lock(&mut tx).await.map_err(Error::internal)?;
        let plan = self.plan(&keys::published(&mut tx, now).await.map_err(Error::internal)?);
        if let Some(active_from) = plan.create {
            let key = keys::SigningKey { created_at: now, active_from, ..fresh };
            keys::insert(&mut tx, &key).await.map_err(Error::internal)?;
            tracing::info!(kid = key.kid, %active_from, "signing key made");
        }
        for (kid, at) in plan.retire {
            if keys::retire(&mut tx, &kid, at).await.map_err(Error::internal)? {
                tracing::info!(kid, retires_at = %at, "signing key replaced");
            }
        }
        let rows = keys::published(&mut tx, now).await.map_err(Error::internal)?;
        tx.commit().await.map_err(Error::internal)?;
        Ok(rows)
    }

    async fn fresh(&self) -> Result<keys::SigningKey> {
        let kid = Uuid::new_v4().to_string();
        let (private, public_jwk) = generate(&kid)?;
        let now = self.clock.now();
        Ok(keys::SigningKey {
            algorithm: algorithm_name(ALGORITHM),
            sealed: self.secrets.seal(&place(&kid), private.expose_secret()).await?,
            public_jwk,
            kid,
            created_at: now,
            active_from: now,
            retires_at: None,
        })
    }

    async fn opened(&self, row: keys::SigningKey) -> Result<Arc<SigningKey>> {
        if let Some(key) = self.ring.find(&row.kid)
            && key.retires_at() == row.retires_at
        {
            return Ok(key);
        }
        let algorithm: Algorithm = row.algorithm.parse().map_err(Error::internal)?;
        let private = self.secrets.open(&place(&row.kid), &row.sealed).await?;
        let key = SigningKey::new(row.kid, algorithm, &private, row.public_jwk, row.active_from, row.retires_at);
        Ok(Arc::new(key))
    }
}

fn place(kid: &str) -> String {
    secrets::row("signing_keys", kid, "sealed")
}
