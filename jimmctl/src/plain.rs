//! A logged-in connection to a plain controller, as the administrator whom the client store knows. Nothing here knows a
//! broker.

use std::time::Duration;

use jimm_proto::params::admin::{LoginRequest, LoginResult};
use jimm_rpc::{Connection, DialOptions, best_version};
use serde::{Serialize, de::DeserializeOwned};

use crate::client_store::{ClientStore, KnownController};
use crate::error::{Failure, Result};
use crate::session::target_of;
use crate::settings::Settings;

/// How long connecting and logging in may take, each.
const DIAL: Duration = Duration::from_secs(20);
/// What we say to be: the oldest client whose calls these are.
const CLIENT_VERSION: &str = "3.6.0";

/// A connection.
pub(crate) struct PlainController {
    /// What the client store knows of it.
    pub(crate) known: KnownController,
    /// What it said at the login.
    pub(crate) login: LoginResult,
    connection: Connection,
    timeout: Duration,
}

impl PlainController {
    /// Connects to the controller of that name in the client store, and logs in with the password that is there.
    pub(crate) async fn open(name: &str, timeout: Duration) -> Result<Self> {
        let dir =
            Settings::from_env().juju_data.ok_or_else(|| Failure::failed("no client store: set JUJU_DATA or HOME"))?;
        let known = ClientStore::new(dir).controller(Some(name))?;
        let again = format!("log in as the controller's administrator: \"juju login -c {name} -u admin\"");
        if known.password.is_empty() {
            let what = format!("the client store holds no password for controller {name}");
            return Err(Failure::failed(what).with_hint(again));
        }
        let target = target_of(&known)?;
        let options = DialOptions { timeout: DIAL, ..DialOptions::default() };
        let connection = jimm_rpc::dial(&target, &options).await.map_err(|e| {
            let addresses = target.addresses.join(", ");
            Failure::failed(format!("cannot connect to controller {name} at {addresses}: {e}"))
                .with_hint("check that it runs and can be reached from here")
        })?;
        let request = LoginRequest {
            auth_tag: user_tag(&known),
            credentials: known.password.clone(),
            client_version: CLIENT_VERSION.to_owned(),
            ..LoginRequest::default()
        };
        let login = jimm_rpc::login(&connection, &request, DIAL).await;
        let login = login
            .map_err(|e| Failure::from(e).within(&format!("login at controller {name}")).with_hint(again.clone()))?;
        let this = Self { known, login, connection, timeout };
        this.check(name, &again)?;
        Ok(this)
    }

    /// Who logged in.
    pub(crate) fn user_tag(&self) -> String {
        user_tag(&self.known)
    }

    fn check(&self, name: &str, again: &str) -> Result<()> {
        let tag = self.login.controller_tag.as_str();
        if tag.strip_prefix("controller-").unwrap_or(tag) != self.known.uuid {
            let what = format!(
                "another controller than {name} answers there: {tag} instead of controller-{}",
                self.known.uuid
            );
            return Err(
                Failure::failed(what).with_hint("mend the client store: \"juju unregister\", then log in again")
            );
        }
        let user = self.login.user_info.as_ref();
        if user.is_none_or(|user| user.controller_access != "superuser") {
            let what = format!("{} is no administrator of controller {name}", self.known.user);
            return Err(Failure::failed(what).with_hint(again));
        }
        Ok(())
    }

    /// Calls a method in the highest of these versions that it serves.
    pub(crate) async fn call<P: Serialize, R: DeserializeOwned>(
        &self,
        facade: &str,
        versions: &[u32],
        method: &str,
        params: &P,
    ) -> Result<R> {
        self.call_within(facade, versions, method, params, self.timeout).await
    }

    /// The same, with its own deadline.
    pub(crate) async fn call_within<P: Serialize, R: DeserializeOwned>(
        &self,
        facade: &str,
        versions: &[u32],
        method: &str,
        params: &P,
        wait: Duration,
    ) -> Result<R> {
        let name = &self.known.name;
        let version = best_version(&self.login, facade, versions).ok_or_else(|| {
            let juju = &self.login.server_version;
            Failure::failed(format!(
                "controller {name} (Juju {juju}) does not serve {facade} as this program speaks it"
            ))
            .with_hint("upgrade the controller, or this program")
        })?;
        let answer = self.connection.call(facade, version, method, params, wait).await;
        answer.map_err(|e| Failure::from(e).within(&format!("{facade}.{method} at controller {name}")))
    }
}

fn user_tag(known: &KnownController) -> String {
    format!("user-{}", known.user.trim_end_matches("@local"))
}
