//! Calls to controllers: as the broker's service user, who may do everything there, or as a user with the claims that
//! the user's rights allow.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jimm_proto::names::UserName;
use jimm_proto::params::admin::{LoginRequest, LoginResult};
use jimm_rpc::{CallError, Connection, DialOptions, Target, Tls, best_version};
use jimm_store::controllers;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Broker;
use super::models::user_tag;
use crate::error::{Error, Kind, Result};

/// How long one call about one thing may take.
pub(super) const CALL_DEADLINE: Duration = Duration::from_secs(60);
/// Who the broker is to controllers when it does not speak for a user.
const SERVICE_USER: &str = "jimm@serviceaccount";

/// A facade and the versions of it that the broker speaks.
pub(super) type Facade = (&'static str, &'static [u32]);
pub(super) const MODEL_MANAGER: Facade = ("ModelManager", &[9, 10, 11]);
pub(super) const CLOUD: Facade = ("Cloud", &[7]);
pub(super) const CONTROLLER: Facade = ("Controller", &[11, 12, 13, 14]);
pub(super) const APPLICATION_OFFERS: Facade = ("ApplicationOffers", &[4, 5, 6]);
pub(super) const MODEL_UPGRADER: Facade = ("ModelUpgrader", &[1, 2]);

/// A connection to a controller in somebody's name.
pub(super) struct Remote {
    connection: Connection,
    login: LoginResult,
}

impl Remote {
    pub(super) async fn call<P: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        facade: Facade,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<R> {
        let version = self.version(facade)?;
        self.connection.call(facade.0, version, method, params, deadline).await.map_err(failed)
    }

    /// The version of a facade that both sides speak.
    pub(super) fn version(&self, (facade, versions): Facade) -> Result<u32> {
        best_version(&self.login, facade, versions).ok_or_else(|| {
            Error::new(Kind::NotSupported, format!("the controller does not serve {facade} in a version known here"))
        })
    }

    pub(super) fn close(&self) {
        self.connection.close();
    }
}

impl Broker {
    /// Calls a controller as the service user.
    pub(super) async fn ask<P: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        controller: Uuid,
        facade: Facade,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<R> {
        let claims = BTreeMap::from([(format!("controller-{controller}"), "superuser".to_owned())]);
        let asked = async {
            let remote = self.connect_as(SERVICE_USER, controller, claims).await?;
            let answer = remote.call(facade, method, params, deadline).await;
            remote.close();
            answer
        };
        tokio::time::timeout(deadline, asked).await.map_err(|_| unavailable("it did not answer in time"))?
    }

    /// Calls a controller as a user who has these claims.
    pub(super) async fn ask_as<P: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        user: &str,
        controller: Uuid,
        claims: BTreeMap<String, String>,
        facade: Facade,
        method: &str,
        params: &P,
    ) -> Result<R> {
        let remote = self.connect_as(user, controller, claims).await?;
        let answer = remote.call(facade, method, params, CALL_DEADLINE).await;
        remote.close();
        answer
    }

    /// Logs in to a controller as a user who has these claims.
    pub(super) fn connect_as<'a>(
        &'a self,
        user: &'a str,
        controller: Uuid,
        claims: BTreeMap<String, String>,
    ) -> BoxFuture<'a, Result<Remote>> {
        Box::pin(self.connect(user, controller, claims))
    }

    async fn connect(&self, user: &str, controller: Uuid, claims: BTreeMap<String, String>) -> Result<Remote> {
        let row = {
            let mut conn = self.store.acquire().await?;
            controllers::get(&mut conn, controller).await?
        };
        let row = row.ok_or_else(|| Error::not_found("controller not found"))?;
        let user: UserName = user.parse().map_err(Error::internal)?;
        let token = self.tokens.token(&user, controller, &claims).await?;
        let public = Some(row.public_address).filter(|address| !address.is_empty());
        let target = Target {
            addresses: public.into_iter().chain(row.addresses).collect(),
            path: "/api".to_owned(),
            tls: Tls::for_controller(&row.ca_certificate, &row.tls_hostname),
        };
        let options = DialOptions { timeout: self.settings.controllers.dial_timeout, ..DialOptions::default() };
        let connection = jimm_rpc::dial(&target, &options).await.map_err(|e| unavailable(&e.to_string()))?;
        let request = LoginRequest { auth_tag: user.tag(), token, ..LoginRequest::default() };
        let login = jimm_rpc::login(&connection, &request, options.timeout).await.map_err(failed)?;
        Ok(Remote { connection, login })
    }

    /// The tag of the service user.
    pub(super) fn service_user_tag(&self) -> String {
        user_tag(SERVICE_USER)
    }

    /// The claims of a user with that level on a model.
    pub(super) fn model_claims(&self, controller: Uuid, model: Uuid, level: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            (format!("controller-{controller}"), "login".to_owned()),
            (format!("model-{model}"), level.to_owned()),
        ])
    }
}

fn unavailable(reason: &str) -> Error {
    Error::new(Kind::ControllerUnavailable, format!("the controller cannot be reached: {reason}"))
}

fn failed(error: CallError) -> Error {
    match error {
        CallError::Remote(e) => Error::from_controller(e),
        other => unavailable(&other.to_string()),
    }
}
