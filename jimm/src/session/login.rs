//! Logging in: from the words of `Admin` to a requester the broker knows.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jimm_authz::User;
use jimm_proto::names::UserName;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::value::RawValue;

use super::ahead::{self, Ahead, Place};
use super::member::{Member, admit, member};
use super::{Peer, Services, browser};
use crate::authn::{DeviceLogin, Identity};
use crate::broker::LONGEST_SESSION;
use crate::error::{Error, Kind, Result};
use crate::facades::admin::{self, AdminCall};
use crate::user_names;

/// How service accounts log in that show a token of an issuer that is trusted.
pub(crate) const EXCHANGED: &str = "token-exchange";
/// How long their sessions last when no rule says so: as a job of a CI may.
const LONGEST_EXCHANGED: Duration = Duration::from_secs(3600);
/// What the tags of agents begin with.
const AGENTS: [&str; 4] = ["machine-", "unit-", "application-", "model-"];

/// What came of a call of `Admin`.
pub(crate) enum AdminOutcome {
    /// An answer; nobody is logged in yet.
    Answer(Box<RawValue>),
    /// Somebody is, and this is what the answer needs.
    LoggedIn(Box<(Member, Ahead)>),
}

/// Serves `Admin` on one connection.
pub(crate) struct LoginDesk {
    services: Arc<Services>,
    address: SocketAddr,
    /// The session that a browser sent with its handshake.
    cookie: Option<SecretString>,
    device: Mutex<Option<Arc<DeviceLogin>>>,
    place: Place,
}

impl LoginDesk {
    /// For a connection that leads to this place.
    pub(crate) fn new(services: Arc<Services>, peer: &Peer, place: Place) -> Self {
        Self { services, address: peer.address, cookie: peer.cookie.clone(), device: Mutex::default(), place }
    }

    /// Serves one call. Dropping the future ends a wait for the identity provider.
    pub(crate) async fn serve(&self, version: u32, method: &str, params: &RawValue) -> Result<AdminOutcome> {
        let call = AdminCall::read(version, method, params)?;
        let label = call.label();
        let outcome = self.act(call, label).await;
        let metrics = &self.services.metrics;
        match &outcome {
            Ok(AdminOutcome::LoggedIn(_)) => metrics.login(label, "ok"),
            Ok(AdminOutcome::Answer(_)) => {}
            Err(error) => metrics.login(label, error.kind().as_str()),
        }
        outcome
    }

    async fn act(&self, call: AdminCall, label: &'static str) -> Result<AdminOutcome> {
        let authn = &self.services.authn;
        match call {
            AdminCall::LoginDevice => {
                let login = Arc::new(authn.oidc.start_device_login().await?);
                let answer = admin::device_answer(&login)?;
                *self.device() = Some(login);
                Ok(AdminOutcome::Answer(answer))
            }
            AdminCall::GetDeviceSessionToken => self.finish_device().await.map(AdminOutcome::Answer),
            AdminCall::LoginWithSessionToken(token) => {
                let identity = authn.session_tokens.verify(token.expose_secret())?;
                self.logged_in(identity, label).await
            }
            AdminCall::LoginWithClientCredentials { client_id, client_secret } => {
                let identity = authn.oidc.client_credentials(&client_id, &client_secret).await?;
                self.logged_in(identity, label).await
            }
            AdminCall::LoginWithPassword { user, password } => {
                let identity = by_password(&self.services, &user, &password).await?;
                self.logged_in(identity, label).await
            }
            AdminCall::LoginWithSessionCookie => {
                let identity = browser::identity(&self.services, self.cookie.as_ref())?;
                self.logged_in(identity, label).await
            }
            AdminCall::Login { auth_tag } => Err(self.other_way(&auth_tag).await),
        }
    }

    /// Agents of a model belong to its controller; nobody else has a password.
    async fn other_way(&self, auth_tag: &str) -> Error {
        let is_agent = AGENTS.iter().any(|kind| auth_tag.strip_prefix(kind).is_some_and(|id| !id.is_empty()));
        let Place::Model(model) = self.place else { return admin::no_passwords() };
        if !is_agent {
            return admin::no_passwords();
        }
        self.services.broker.redirect_of_agents(model).await.unwrap_or_else(|error| error)
    }

    async fn finish_device(&self) -> Result<Box<RawValue>> {
        let login = self.device().clone().ok_or_else(|| {
            Error::new(Kind::Unauthorized, "no device login has begun on this connection: call LoginDevice first")
        })?;
        let authn = &self.services.authn;
        let told = authn.oidc.finish_device_login(&login).await?;
        *self.device() = None;
        admit(&self.services, told.identity.name.as_str(), told.display_name.as_deref().unwrap_or_default()).await?;
        let token = session_token(&self.services, &told.identity, "device", self.address).await?;
        admin::session_token_answer(secrecy::ExposeSecret::expose_secret(&token))
    }

    async fn logged_in(&self, identity: Identity, method: &'static str) -> Result<AdminOutcome> {
        let user = User { name: identity.name.to_string(), groups: identity.groups.clone() };
        let (member, ahead) = tokio::join!(
            member(&self.services, identity, self.address, method),
            ahead::look(&self.services, self.place, &user)
        );
        Ok(AdminOutcome::LoggedIn(Box::new((member?, ahead))))
    }

    fn device(&self) -> std::sync::MutexGuard<'_, Option<Arc<DeviceLogin>>> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who a name and a password speak of: a service account with its secret, a person with a session token of theirs. It is
/// what clients have that know no other login. A name without a domain would be a controller's own user, and is told so.
pub(crate) async fn by_password(services: &Services, user: &str, password: &SecretString) -> Result<Identity> {
    let identity = if user_names::is_person(user) {
        services.authn.session_tokens.verify(password.expose_secret())
    } else {
        services.authn.oidc.client_credentials(user, password).await
    };
    let has_domain = user.contains('@');
    let wrong = || {
        if has_domain {
            Error::new(Kind::Unauthorized, "invalid entity name or password")
        } else {
            admin::no_passwords()
        }
    };
    match identity {
        Ok(identity) if !has_domain || identity.name.as_str() == user => Ok(identity),
        Ok(_) => Err(wrong()),
        Err(error) if error.kind() == Kind::Internal => Err(error),
        Err(error) => Err(wrong().with_source(error)),
    }
}

/// Begins a session for somebody who has just proven who they are: its token.
pub(crate) async fn session_token(
    services: &Services,
    identity: &Identity,
    auth_method: &str,
    client: SocketAddr,
) -> Result<SecretString> {
    let longest = LONGEST_SESSION;
    let (session, expires) = services.broker.begin_session(identity, auth_method, client, longest).await?;
    services.authn.session_tokens.mint_for(&identity.name, &identity.groups, session, expires)
}

/// Exchanges a token of an issuer that is trusted for a session of the service account that it stands for: the session's
/// token, when it ends, and whose it is.
pub(crate) async fn exchanged(
    services: &Services,
    token: &SecretString,
    client: SocketAddr,
) -> Result<(SecretString, DateTime<Utc>, UserName)> {
    let work = async {
        let identity = services.authn.federation.identify(token).await?;
        let account = identity.name.as_str();
        admit(services, account, "").await?;
        let (session, expires) = services.broker.begin_session(&identity, EXCHANGED, client, LONGEST_EXCHANGED).await?;
        tracing::info!(account, client.address = %client, session = %session, "token exchanged for a session");
        let token = services.authn.session_tokens.mint_for(&identity.name, &[], session, expires)?;
        Ok((token, expires, identity.name))
    };
    let outcome = work.await;
    let kind = outcome.as_ref().map_or_else(|error: &Error| error.kind().as_str(), |_| "ok");
    services.metrics.login(EXCHANGED, kind);
    outcome
}
