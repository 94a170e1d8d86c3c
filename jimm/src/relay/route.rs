//! The way to a model: which controller, with which claims, and whether writes may go there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jimm_proto::access::ModelAccess;
use jimm_store::models::{self, Model};
use uuid::Uuid;

use crate::broker::{Broker, Home, ModelWatch, Requester, Upload};
use crate::controllers::Slot;
use crate::error::{Error, Result};
use crate::session::socket::Close;

/// How often to look at the model and the rights when nothing is heard.
const LOOK: Duration = Duration::from_secs(120);
/// How long to wait before looking again when the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// The way to a model for one requester.
#[derive(Clone)]
pub struct Route {
    /// The model.
    pub model: Uuid,
    /// Its home.
    pub slot: Arc<Slot>,
    /// What the requester may do with it.
    pub access: ModelAccess,
    /// The rights that the token for the home carries.
    pub claims: BTreeMap<String, String>,
    /// Whether the model is being moved: only reads go there.
    pub frozen: bool,
}

impl Route {
    /// Finds the way. Who may not even read the model is refused here: a controller would let the login pass. To them
    /// there is no such model; the log knows better.
    pub async fn find(broker: &Broker, who: &Requester, model: Uuid) -> Result<Self> {
        Self::to(broker, broker.home(&who.user(), model).await?).await
    }

    /// The way to a home that was looked up already.
    pub async fn to(broker: &Broker, home: Option<Home>) -> Result<Self> {
        let Home { row, access, is_admin } = home.ok_or_else(Error::model_not_found)?;
        let access = access.ok_or_else(|| Error::model_not_found().with_source("the requester has no access to it"))?;
        let slot = broker.slot(row.controller_uuid).await?;
        let model = row.uuid;
        let on_home = if is_admin { "superuser" } else { "login" };
        let claims = slot.claims(on_home, Some((model, &access.to_string())));
        Ok(Self { model, slot, access, claims, frozen: is_frozen(&row) })
    }

    /// The way of what a source sends beside a model that comes in: as the broker itself.
    pub async fn of_arrival(broker: &Broker, who: &Requester, model: Uuid, upload: Upload) -> Result<Self> {
        let slot = broker.upload_target(who, model, upload).await?;
        let claims = slot.claims("superuser", None);
        Ok(Self { model, slot, access: ModelAccess::Admin, claims, frozen: false })
    }

    /// The home's name.
    pub fn controller(&self) -> &str {
        &self.slot.endpoint().name
    }

    /// Looks at the model again: still there and reachable by this route with these rights, and whether writes may go
    /// there now.
    async fn still(&self, broker: &Broker, who: &Requester) -> Result<Standing> {
        let Some(row) = broker.row_of(self.model).await? else { return Ok(Standing::Gone) };
        if row.controller_uuid != self.slot.endpoint().uuid {
            return Ok(Standing::Moved);
        }
        if broker.model_access(who, self.model).await? < Some(self.access) {
            return Ok(Standing::Revoked);
        }
        Ok(if is_frozen(&row) { Standing::Frozen } else { Standing::Open })
    }

    /// Waits until this route is of no more use to the requester, and tells how to close. The watch has to be older than
    /// the route.
    pub(crate) async fn outlived(&self, broker: &Broker, who: &Requester, watch: &mut ModelWatch) -> Close {
        loop {
            wait(watch).await;
            if let Some(close) = self.look(broker, who).await.end() {
                return close;
            }
        }
    }

    /// Looks until there is an answer: while the database is away nothing is known to have changed.
    pub(super) async fn look(&self, broker: &Broker, who: &Requester) -> Standing {
        loop {
            match self.still(broker, who).await {
                Ok(standing) => return standing,
                Err(error) => tracing::warn!(error = %error, model.uuid = %self.model, "cannot look at the model"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Waits until a look at the model is due: something changed, or nothing was heard for long.
pub(super) async fn wait(watch: &mut ModelWatch) {
    let _ = tokio::time::timeout(LOOK, watch.changed()).await;
}

/// How an open connection stands to its model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// As usual.
    Open,
    /// Only reads.
    Frozen,
    /// It lives elsewhere now.
    Moved,
    /// The requester may do less with it than the token at its home says.
    Revoked,
    /// The broker knows it no more.
    Gone,
}

impl Standing {
    /// How to close a connection that is of no more use, so that the client comes back by the new way.
    pub(super) fn end(self) -> Option<Close> {
        match self {
            Self::Open | Self::Frozen => None,
            Self::Moved => Some(Close::away("the model has moved to another controller: connect again")),
            Self::Revoked => Some(Close::away("your rights on the model have changed: connect again")),
            Self::Gone => Some(Close::away("the model is gone")),
        }
    }
}

fn is_frozen(row: &Model) -> bool {
    matches!(row.mode.as_str(), models::MODE_MIGRATING | models::MODE_EXPORTING | models::MODE_IMPORTING)
}
