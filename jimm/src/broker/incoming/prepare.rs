//! What comes before a source begins: the record of where the model goes and who its users are, and a token for the source.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jimm_proto::names::ControllerName;
use jimm_proto::params::jimm_incoming::{
    IncomingMigrationStatus, IncomingMigrationStatusRequest, PrepareModelMigrationRequest,
};
use jimm_proto::tags::Tag;
use jimm_proto::time::GoTime;
use jimm_store::{incoming, models};
use secrecy::SecretString;

use super::mapping::UserMapping;
use crate::authn::{Identity, SessionTokens};
use crate::broker::{Broker, Requester};
use crate::clock::delta;
use crate::error::{Error, Kind, Result};

/// How long a source may use its token: it logs in anew in each phase.
const TOKEN: Duration = Duration::from_secs(3 * 3600);

impl Broker {
    /// Prepares for a model that comes in, and answers the token that its source logs in with.
    pub async fn prepare_model_migration(
        &self,
        who: &Requester,
        request: &PrepareModelMigrationRequest,
    ) -> Result<SecretString> {
        let model = Tag::model(&request.model_tag)
            .map_err(|error| Error::bad_request(format!("invalid model tag: {error}")))?;
        if request.backing_controller_name.parse::<ControllerName>().is_err() {
            return Err(Error::bad_request("invalid controller name"));
        }
        let mapping = UserMapping::check(&request.user_mapping)?;
        let mapping = serde_json::to_value(mapping).map_err(Error::internal)?;
        let controller = self.controller_named(&request.backing_controller_name).await?;
        if controller.cordoned_since.is_some() {
            return Err(Error::bad_request(format!(
                "controller {0} is cordoned: choose another, or let it have models again with \"jimmctl uncordon {0}\"",
                controller.name
            )));
        }
        let mut tx = self.store.begin().await?;
        let is_here = models::get_for_update(&mut tx, model).await?.is_some();
        let now = self.clock.now();
        if is_here || !incoming::prepare(&mut tx, model, controller.uuid, &mapping, who.name.as_str(), now).await? {
            let text = "model migration for the specified model is already in progress/completed";
            return Err(Error::new(Kind::AlreadyExists, text));
        }
        tx.commit().await?;
        tracing::info!(model.uuid = %model, controller.name = %controller.name, requester = %who.name, "migration into the broker prepared");
        self.migration_token(who).await
    }

    /// A session of its own, so that it can be ended.
    async fn migration_token(&self, who: &Requester) -> Result<SecretString> {
        let ends = self.clock.now() + delta(TOKEN);
        let identity = Identity { name: who.name.clone(), groups: who.groups.clone(), expires: ends, session: None };
        let address = who.client_addr.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)));
        let (session, lasts) = self.begin_session(&identity, "migration", address, TOKEN).await?;
        let tokens = SessionTokens::new(&self.settings.session.secret_key, TOKEN, Arc::clone(&self.clock));
        tokens.mint_for(&who.name, &who.groups, session, lasts.min(ends))
    }

    /// How far a model has come that comes in.
    pub async fn incoming_migration_status(
        &self,
        request: &IncomingMigrationStatusRequest,
    ) -> Result<IncomingMigrationStatus> {
        let model = Tag::model(&request.model_tag)
            .map_err(|error| Error::bad_request(format!("invalid model tag: {error}")))?;
        let row = self.arrival(model).await?;
        Ok(IncomingMigrationStatus {
            state: row.state,
            message: row.message,
            prepared: GoTime(row.prepared_at),
            changed: GoTime(row.changed_at),
        })
    }
}
