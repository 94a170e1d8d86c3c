//! The facades, one file for each or for a few that belong together.

mod application;
mod cloud;
mod controller;
pub(super) mod model_manager;
mod offers;
mod on_model;
mod status;
mod users;
mod watchers;

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::access::Caller;
use super::connection::State;
use super::controller::{Shape, Shared};
use super::cross_model;
use super::fault::{Fault, Result, items, text};
use super::migration;
pub(super) use watchers::Told;

/// One call.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) state: &'a Arc<State>,
    pub(super) caller: &'a Caller,
    pub(super) id: &'a str,
    pub(super) facade: &'a str,
    pub(super) version: u32,
    pub(super) method: &'a str,
    pub(super) params: &'a Value,
}

impl Call<'_> {
    /// The model of the connection.
    pub(super) fn model(&self) -> Result<Uuid> {
        self.state.model.ok_or_else(|| Fault::bad("no model on this connection"))
    }

    /// The tags of `entities`.
    pub(super) fn tags(&self) -> Vec<String> {
        items(self.params, "entities").into_iter().map(|e| text(e, "tag").to_owned()).collect()
    }

    fn unknown(&self) -> Fault {
        no_such_method(self.shared.shape(), self.facade, self.version, self.method)
    }
}

pub(super) fn no_such_method(shape: Shape, facade: &str, version: u32, method: &str) -> Fault {
    let text = if shape.is_4() {
        format!("unknown method {method:?} at version {version} for facade type {facade:?}")
    } else {
        format!("no such request - method {facade}({version}).{method} is not implemented")
    };
    Fault::new(text, "not implemented")
}

pub(super) async fn dispatch(call: Call<'_>) -> Result<Value> {
    match call.facade {
        "Pinger" if call.method == "Ping" => Ok(json!({})),
        "ModelManager" => model_manager::call(&call),
        "Cloud" => cloud::call(&call),
        "Controller" if call.method == "InitiateMigration" => migration::initiate(&call).await,
        "Controller" => controller::call(&call),
        "UserManager" => users::call(&call),
        "ApplicationOffers" => offers::call(&call),
        "MigrationTarget" => migration::target(&call),
        "AllWatcher" | "AllModelWatcher" | "ModelSummaryWatcher" => watchers::call(&call).await,
        "Application" if call.method == "AddRelation" => {
            let answer = application::call(&call)?;
            cross_model::add_relation(&call).await?;
            Ok(answer)
        }
        "Application" | "Charms" => application::call(&call),
        "CrossModelRelations" if call.method == "RegisterRemoteRelations" => cross_model::register(&call).await,
        "Client" => status::call(&call),
        "SecretBackends" if call.method == "ListSecretBackends" => Ok(json!({"results": []})),
        _ => on_model::call(&call),
    }
}

/// `model-UUID`.
pub(super) fn model_uuid(tag: &str) -> Result<Uuid> {
    let uuid = tag.strip_prefix("model-").and_then(|id| Uuid::try_parse(id).ok());
    uuid.ok_or_else(|| Fault::bad(format!("{tag:?} is not a valid model tag")))
}
