//! Models that come in from controllers that are none of the broker's.
//!
//! An administrator prepares the broker for a model: where it is to live, and who its users are here. Its source then
//! takes the broker for the target: what it says is changed where it speaks of users, and goes on to the controller that
//! is the real one. Record and rights of the model are written before the target gets it, in a mode in which nobody can
//! use it, and go again when it does not come.

mod arrive;
mod finish;
mod forms;
mod mapping;
mod plan;
mod prepare;
mod settle;
mod uploads;

pub use uploads::Upload;

use jimm_store::incoming::{self, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Broker;
use crate::controllers::Facade;
use crate::error::{Error, Kind, Result};

const FACADE: &str = "MigrationTarget";
/// From this version on a model travels in an envelope, before as a description.
const ENVELOPE: u32 = 8;
/// From this version on a model has a qualifier.
const QUALIFIED: u32 = 7;
/// Importing takes as long as the model is large.
const IMPORT: std::time::Duration = std::time::Duration::from_secs(1800);
/// Everything else.
const CALL: std::time::Duration = std::time::Duration::from_secs(100);

/// The versions that a call of this version may go on in.
fn facade(called: u32) -> Facade {
    const DESCRIPTIONS: &[u32] = &[1, 2, 3, 4, 5, 6, 7];
    let versions = match called {
        ENVELOPE.. => &[ENVELOPE][..],
        called => &DESCRIPTIONS[..called as usize],
    };
    (FACADE, versions)
}

/// The version in which a call may go on that has nothing of the model in it.
const ANY: Facade = (FACADE, &[1, 2, 3, 4, 5, 6, 7, 8]);

impl Broker {
    /// What was prepared for a model.
    async fn arrival(&self, model: Uuid) -> Result<Incoming> {
        let row = incoming::get(&mut *self.store.acquire().await?, model).await?;
        row.ok_or_else(|| not_prepared(model))
    }

    /// The version in which the model's new controller takes what a source of this version sends.
    async fn target_version(&self, controller: Uuid, called: u32) -> Result<u32> {
        let slot = self.slot(controller).await?;
        let session = slot.service().await?;
        session.version(facade(called)).map_err(|error| {
            let (name, version) = (&slot.endpoint().name, &session.login().server_version);
            let text = if called >= ENVELOPE {
                format!("the source sends the model as Juju 4.1 does, which controller {name} (Juju {version}) does not take: prepare the migration for a controller of 4.1 or later")
            } else {
                format!("controller {name} (Juju {version}) does not take models that were made for version {called} of MigrationTarget")
            };
            Error::new(Kind::NotSupported, text).with_source(error)
        })
    }

    /// Asks the model's new controller.
    async fn ask_target<P, R>(&self, controller: Uuid, facade: Facade, method: &str, params: &P) -> Result<R>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        let deadline = if method == "Import" { IMPORT } else { CALL };
        self.ask(controller, facade, method, params, deadline).await
    }
}

fn not_prepared(model: Uuid) -> Error {
    Error::not_found(format!(
        "no migration of model {model} was prepared: prepare it with \"jimmctl prepare-migration\" first"
    ))
}
