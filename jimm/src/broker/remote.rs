//! How use cases ask controllers: as the broker itself, or as a user with the rights of that user; and what answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jimm_proto::names::UserName;
use jimm_proto::params::common::ErrorResults;
use jimm_store::models::Model;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::Broker;
use crate::controllers::{Facade, Session};
use crate::error::{Error, Kind, Result};

/// Longest a controller may take for a call that a user waits for.
pub(super) const CALL_DEADLINE: Duration = Duration::from_secs(60);

/// The facades that we call and the versions we speak.
pub(super) const MODEL_MANAGER: Facade = ("ModelManager", &[9, 10, 11]);
pub(super) const CLOUD: Facade = ("Cloud", &[7]);
pub(super) const CONTROLLER: Facade = ("Controller", &[11, 12, 13, 14]);
pub(super) const APPLICATION_OFFERS: Facade = ("ApplicationOffers", &[4, 5, 6]);
pub(super) const MODEL_UPGRADER: Facade = ("ModelUpgrader", &[1, 2]);

/// A connection of a user to a controller, for several calls.
pub(super) struct Remote(Session);

impl Remote {
    /// Calls a method.
    pub(super) async fn call<P, R>(&self, facade: Facade, method: &str, params: &P, deadline: Duration) -> Result<R>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        self.0.call(facade, method, params, deadline).await
    }

    /// The version of the facade that is called.
    pub(super) fn version(&self, facade: Facade) -> Result<u32> {
        self.0.version(facade)
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        self.0.connection().close();
    }
}

impl Broker {
    /// Asks a controller as the broker itself, who is superuser there. The caller's rights are checked before.
    pub(super) async fn ask<P, R>(
        &self,
        controller: Uuid,
        facade: Facade,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<R>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        let slot = self.slot(controller).await?;
        // The deadline is for the dial too, when there has to be one.
        let answer = tokio::time::timeout(deadline, slot.call(facade, method, params, deadline)).await;
        answer.unwrap_or_else(|_| {
            let text = format!("controller {} did not answer {method} in time; try again", slot.endpoint().name);
            Err(Error::new(Kind::ControllerUnavailable, text))
        })
    }

    /// Asks about a model where the facade is served: on the controller connection, else on the model's.
    pub(super) async fn ask_for_model<P, R>(&self, model: &Model, facade: Facade, method: &str, params: &P) -> Result<R>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        let slot = self.slot(model.controller_uuid).await?;
        if slot.service().await?.version(facade).is_ok() {
            return slot.call(facade, method, params, CALL_DEADLINE).await;
        }
        let session = slot.connect_model_as_service(model.uuid).await?;
        session.call(facade, method, params, CALL_DEADLINE).await
    }

    /// Asks a controller as a user with these claims.
    pub(super) async fn ask_as<P, R>(
        &self,
        user: &str,
        controller: Uuid,
        claims: BTreeMap<String, String>,
        facade: Facade,
        method: &str,
        params: &P,
    ) -> Result<R>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        self.connect_as(user, controller, claims).await?.call(facade, method, params, CALL_DEADLINE).await
    }

    /// Connects to a controller as a user with these claims.
    pub(super) fn connect_as<'a>(
        &'a self,
        user: &'a str,
        controller: Uuid,
        claims: BTreeMap<String, String>,
    ) -> BoxFuture<'a, Result<Remote>> {
        // Boxed, so that the futures of callers stay `Send` for every lifetime.
        Box::pin(async move {
            let user: UserName = user.parse().map_err(Error::internal)?;
            Ok(Remote(self.slot(controller).await?.connect_as(&user, &claims).await?))
        })
    }

    /// The broker's own identity at controllers, as a tag.
    pub(super) fn service_user_tag(&self) -> String {
        self.controllers.service().tag()
    }
}

/// The claims of a user with a level of access to a model.
pub(super) fn model_claims(controller: Uuid, model: Uuid, level: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (format!("controller-{controller}"), "login".to_owned()),
        (format!("model-{model}"), level.to_owned()),
    ])
}

/// The one result of a bulk call made for one thing.
pub(super) fn only_error(answer: ErrorResults) -> Result<()> {
    match answer.results.into_iter().next().and_then(|r| r.error) {
        Some(e) => Err(Error::from_controller(e)),
        None => Ok(()),
    }
}

/// Whether a controller says that it does not have the thing.
pub(super) fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound | Kind::ModelNotFound)
}

/// Whether a controller answered with a refusal of its own; an answer that was lost or cannot be read is none.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.kind() != Kind::ControllerUnavailable && std::error::Error::source(error).is_none()
}

/// One failure that concerns several entries.
pub(super) fn copy(error: &Error) -> Error {
    Error::new(error.kind(), error.message()).with_code(error.juju_code())
}
