//! Where a model lives and what somebody may do there, in one look.

use jimm_authz::User;
use jimm_proto::access::ModelAccess;
use jimm_store::models::{self, Model};
use moka::sync::Cache;
use uuid::Uuid;

use crate::broker::Broker;
use crate::error::Result;

/// Homes that are remembered.
const KEPT: u64 = 50_000;

/// A model, with what somebody may do.
#[derive(Clone, Debug)]
pub struct Home {
    /// The model.
    pub row: Model,
    /// What they may do with it, if anything.
    pub access: Option<ModelAccess>,
    /// Whether they administer the controller that hosts it.
    pub is_admin: bool,
}

/// Where models were seen last: a guess at what to ask next, and never an answer.
#[derive(Clone, Debug)]
pub struct LastHomes(Cache<Uuid, Uuid>);

impl Default for LastHomes {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Broker {
    /// Looks at a model and at somebody's rights to it and to its home; nothing when there is no such model, or it is
    /// still being made.
    pub async fn home(&self, user: &User, model: Uuid) -> Result<Option<Home>> {
        let Some(guess) = self.last_homes.0.get(&model) else {
            return self.home_of(user, self.row_of(model).await?).await;
        };
        let (row, rights) = tokio::join!(self.row_of(model), self.model_and_home_access(user, model, guess));
        let row = row?;
        if row.as_ref().is_some_and(|row| row.controller_uuid != guess) {
            return self.home_of(user, row).await;
        }
        let (access, is_admin) = rights?;
        Ok(row.map(|row| Home { row, access, is_admin }))
    }

    async fn home_of(&self, user: &User, row: Option<Model>) -> Result<Option<Home>> {
        let Some(row) = row else { return Ok(None) };
        let (access, is_admin) = self.model_and_home_access(user, row.uuid, row.controller_uuid).await?;
        self.last_homes.0.insert(row.uuid, row.controller_uuid);
        Ok(Some(Home { row, access, is_admin }))
    }

    /// The model of that UUID, unless it is still being made.
    pub(crate) async fn row_of(&self, model: Uuid) -> Result<Option<Model>> {
        let mut conn = self.store.reader().await?;
        let row = models::get(&mut conn, model).await?;
        conn.done();
        Ok(row.filter(|row| row.mode != models::MODE_CREATING))
    }
}
