//! Finding or making the store and the model, and telling the store everything before anybody decides by it.

use std::sync::Arc;
use std::time::Duration;

use jimm_authz::{Error, OpenFga};
use jimm_store::{leases, mirror};

use super::{Mirror, Result};
use crate::tuple_rows::to_row;

/// The lease of who looks for the store: of two who make one at once, each would have its own.
const LEASE: &str = "set-up-openfga";
/// How long that may take.
const LENGTH: Duration = Duration::from_secs(30);
/// How often to look whether another is done.
const LOOK: Duration = Duration::from_millis(100);

impl Mirror {
    /// Connects, finds or makes store and model, and has everything told that the store should know.
    pub async fn set_up(&self) -> Result<()> {
        let _alone = self.setting_up.lock().await;
        self.server.store(None);
        let owner = self.turn_name();
        let waiting = async {
            loop {
                let mut conn = self.store.acquire().await.map_err(Error::read)?;
                if leases::acquire(&mut conn, LEASE, &owner, LENGTH).await.map_err(Error::read)?.is_some() {
                    return Ok(());
                }
                drop(conn);
                tokio::time::sleep(LOOK).await;
            }
        };
        let late = |_| Err(Error::OpenFgaBehind("another replica is setting it up for too long".into()));
        tokio::time::timeout(2 * LENGTH, waiting).await.unwrap_or_else(late)?;
        let opened = tokio::time::timeout(LENGTH, self.open()).await;
        let released = async { leases::release(&mut *self.store.acquire().await?, LEASE, &owner).await };
        if released.await.is_err() {
            tracing::debug!("lease not released: it runs out by itself");
        }
        let late = |_| Err(Error::OpenFgaBehind("setting it up takes too long".into()));
        let (server, synced) = opened.unwrap_or_else(late)?;
        let server = Arc::new(server);
        if !synced {
            let drift = self.tell_everything(&server).await?;
            let mut conn = self.store.acquire().await.map_err(Error::read)?;
            mirror::set_synced(&mut conn, server.store()).await.map_err(Error::read)?;
            tracing::info!(
                store = server.store(),
                added = drift.missing_count,
                removed = drift.extra_count,
                "OpenFGA knows all rights"
            );
        }
        tracing::info!(store = server.store(), model = server.model(), "decisions are asked of OpenFGA");
        self.server.store(Some(server));
        Ok(())
    }

    async fn open(&self) -> Result<(OpenFga, bool)> {
        let known = mirror::last_store(&mut *self.store.acquire().await.map_err(Error::read)?).await;
        let known = known.map_err(Error::read)?;
        let server = OpenFga::open(&self.settings, known.as_deref(), Arc::clone(&self.observer)).await?;
        let is_known = mirror::is_known(&mut *self.store.acquire().await.map_err(Error::read)?, server.store()).await;
        if !is_known.map_err(Error::read)? {
            self.refuse_a_strangers_store(&server).await?;
        }
        let mut tx = self.store.begin().await.map_err(Error::read)?;
        let synced = mirror::activate(&mut tx, server.store()).await.map_err(Error::read)?;
        tx.commit().await.map_err(Error::read)?;
        Ok((server, synced))
    }

    /// A store that was never ours may be somebody's who needs what is in it.
    async fn refuse_a_strangers_store(&self, server: &OpenFga) -> Result<()> {
        let mut from = String::new();
        loop {
            let page = server.read_page(&from).await?;
            let rows: Vec<_> = page.tuples.iter().map(to_row).collect();
            let mut conn = self.store.acquire().await.map_err(Error::read)?;
            let unfounded = mirror::unfounded(&mut conn, &rows).await.map_err(Error::read)?;
            if !unfounded.is_empty() || !page.foreign.is_empty() {
                let text = format!(
                    "OPENFGA_STORE: the store {} holds rights that this broker did not write, and would remove: name \
                     another store, or leave it unset so that one is made",
                    server.store()
                );
                return Err(Error::OpenFgaSettings(text));
            }
            if page.next.is_empty() {
                return Ok(());
            }
            from = page.next;
        }
    }
}
