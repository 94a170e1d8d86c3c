//! A logged-in connection to a controller.

use std::sync::Arc;
use std::time::Duration;

use jimm_proto::params::admin::LoginResult;
use jimm_rpc::{CallError, Connection};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};

/// A facade and the versions of it that we speak; the highest that the controller offers too is called.
pub type Facade = (&'static str, &'static [u32]);

/// After this long without an answer we look whether the controller is alive at all.
const PATIENCE: Duration = Duration::from_millis(2500);
/// How long a living controller may take for a ping.
const PING: Duration = Duration::from_secs(2);

/// A logged-in connection; clones share it.
#[derive(Clone, Debug)]
pub struct Session {
    controller: Arc<str>,
    connection: Connection,
    login: Arc<LoginResult>,
}

impl Session {
    pub(super) fn new(controller: &str, connection: Connection, login: LoginResult) -> Self {
        Self { controller: controller.into(), connection, login: Arc::new(login) }
    }

    /// What the login told: facades, versions, addresses.
    pub fn login(&self) -> &LoginResult {
        &self.login
    }

    /// The connection below.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The version of the facade that we would call.
    pub fn version(&self, facade: Facade) -> Result<u32> {
        jimm_rpc::best_version(&self.login, facade.0, facade.1).ok_or_else(|| {
            let text = format!(
                "controller {} (Juju {}) does not serve facade {} in a version the broker speaks",
                self.controller, self.login.server_version, facade.0
            );
            Error::new(Kind::NotSupported, text)
        })
    }

    /// Calls a method. A controller that does not even answer a ping is given up long before the deadline.
    pub async fn call<P, R>(&self, facade: Facade, method: &str, params: &P, deadline: Duration) -> Result<R>
    where
        P: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let version = self.version(facade)?;
        self.watched(self.connection.call(facade.0, version, method, params, deadline)).await
    }

    /// Calls a method of an object, such as a watcher, that may well take long: nobody looks whether the controller lives
    /// meanwhile but who calls [`Session::ping`].
    pub async fn call_object<R>(&self, id: &str, facade: Facade, method: &str, deadline: Duration) -> Result<R>
    where
        R: DeserializeOwned,
    {
        let version = self.version(facade)?;
        let nothing = serde_json::Map::new();
        let answer = self.connection.call_on(id, facade.0, version, method, &nothing, deadline).await;
        let answer = answer.map_err(|e| call_failed(&self.controller, e))?;
        serde_json::from_str(answer.get())
            .map_err(|e| call_failed(&self.controller, CallError::Decode(format!("{}.{method}: {e}", facade.0))))
    }

    /// Sees whether the controller lives; one that does not answer loses the connection.
    pub async fn ping(&self, deadline: Duration) -> Result<()> {
        let nothing = serde_json::Map::new();
        match self.connection.call_raw("Pinger", 1, "Ping", &nothing, deadline).await {
            // An error is an answer.
            Ok(_) | Err(CallError::Remote(_)) => Ok(()),
            Err(error) => {
                self.connection.close();
                Err(call_failed(&self.controller, error))
            }
        }
    }

    /// The same, answering the body as it came, whatever it is: some answers are no object.
    pub async fn call_raw<P>(
        &self,
        facade: Facade,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<Box<RawValue>>
    where
        P: Serialize + ?Sized,
    {
        let version = self.version(facade)?;
        self.watched(self.connection.call_raw(facade.0, version, method, params, deadline)).await
    }

    async fn watched<R>(&self, call: impl Future<Output = Result<R, CallError>>) -> Result<R> {
        tokio::pin!(call);
        let nothing = serde_json::Map::new();
        let outcome = loop {
            if let Ok(outcome) = tokio::time::timeout(PATIENCE, &mut call).await {
                break outcome;
            }
            let ping = self.connection.call_raw("Pinger", 1, "Ping", &nothing, PING);
            tokio::select! {
                biased;
                outcome = &mut call => break outcome,
                alive = ping => if let Err(CallError::Deadline(_)) = alive {
                    self.connection.close();
                    break Err(CallError::Deadline("a ping".to_owned()));
                },
            }
        };
        outcome.map_err(|e| call_failed(&self.controller, e))
    }
}

/// What a failed call means to who asked for it.
pub(super) fn call_failed(controller: &str, error: CallError) -> Error {
    match error {
        CallError::Remote(remote) => Error::from_controller(remote),
        CallError::Closed(_) | CallError::Deadline(_) => Error::new(
            Kind::ControllerUnavailable,
            format!("controller {controller} does not answer: {error}; try again, or ask its operator"),
        ),
        CallError::Encode(_) | CallError::Decode(_) => {
            Error::new(Kind::Controller, format!("controller {controller} gave an answer that the broker cannot read"))
                .with_source(error)
        }
    }
}
