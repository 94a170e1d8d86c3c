//! Destroying controllers: refused while there are models, else a job that runs the client and then detaches.

use std::sync::Arc;

use jimm_proto::params::jimm_bootstrap::DestroyControllerParams;
use jimm_store::jobs::{self, NewJob};
use jimm_store::{controllers, models};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::juju_runs::Over;
use crate::bootstrap::{Ended, Made, Redactor, destroy_files};
use crate::broker::job_steps::{data_of, end};
use crate::broker::work::{Outcome, Work};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// The kind of job.
pub const KIND: &str = "destroy-controller";
const BEGIN: &str = "begin";
/// The client has been started, once.
const RUN: &str = "run";
/// The controller is gone, to be detached.
const DETACH: &str = "detach";

/// What the steps need to know. Stored as JSON: fields may be added, with defaults, never renamed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Data {
    controller: Uuid,
    name: String,
    /// `destroy`, `release`, or nothing said.
    storage: Option<String>,
    /// Whether it was set aside before: while it is destroyed it gets no models, and else it would again.
    was_deprecated: bool,
}

fn has_models() -> Error {
    Error::new(Kind::StillAlive, "cannot destroy controller with models")
}

impl Broker {
    /// Begins to destroy a controller, and answers the number of the job.
    pub async fn start_destroy_controller(&self, who: &Requester, params: &DestroyControllerParams) -> Result<i64> {
        let found = self.controller_named(&params.controller_name).await?;
        let storage = match (params.destroy_storage, params.release_storage) {
            (true, true) => return Err(Error::bad_request("destroy-storage and release-storage exclude each other")),
            (true, false) => Some("destroy".to_owned()),
            (false, true) => Some("release".to_owned()),
            (false, false) => None,
        };
        self.require_empty(found.uuid).await?;
        if found.admin_sealed.is_none() {
            return Err(Error::bad_request(
                "missing controller credentials: attach the controller again with its superuser's",
            ));
        }
        self.juju_client(&series(&found.agent_version)).await?;
        let data = Data { controller: found.uuid, name: found.name.clone(), storage, was_deprecated: found.deprecated };
        let new = NewJob {
            kind: KIND.to_owned(),
            key: found.name.clone(),
            step: BEGIN.to_owned(),
            data: serde_json::to_value(&data).map_err(Error::internal)?,
            requested_by: who.name.to_string(),
        };
        let mut tx = self.store.begin().await?;
        let (job, is_new) = jobs::enqueue(&mut tx, &new).await?;
        if !is_new {
            let text = format!("controller \"{}\" is being destroyed already, by job {}", found.name, job.id);
            return Err(Error::new(Kind::Conflict, text));
        }
        controllers::set_deprecated(&mut tx, found.uuid, true).await?;
        tx.commit().await?;
        tracing::info!(controller.name = %found.name, requester = %who.name, job.id = job.id, "controller is to be destroyed");
        Ok(job.id)
    }

    async fn require_empty(&self, controller: Uuid) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !models::of_controller(&mut tx, controller).await?.is_empty() {
            return Err(has_models());
        }
        if crate::broker::migration::moves_from_or_to(&mut tx, controller).await? {
            return Err(Error::new(
                Kind::MigrationInProgress,
                "a model moves to the controller: wait until it has arrived",
            ));
        }
        Ok(())
    }
}

/// The minor version: a client of that destroys the controller.
fn series(version: &str) -> String {
    version.split('.').take(2).map(|part| part.split('-').next().unwrap_or(part)).collect::<Vec<_>>().join(".")
}

/// Goes on with the job.
pub async fn run(broker: &Arc<Broker>, work: &Work) -> Outcome {
    step(broker, work).await.unwrap_or_else(Outcome::Again)
}

async fn step(broker: &Broker, work: &Work) -> Result<Outcome> {
    let data: Data = data_of(work)?;
    match work.job.step.as_str() {
        BEGIN if work.job.cancel_requested => {
            fail(broker, work, &data, "it was stopped before it began: the controller is as it was".to_owned()).await
        }
        BEGIN => destroy(broker, work, data).await,
        RUN => {
            let why = format!("the broker that ran it has died: {}", half_gone(&data));
            end(broker, work, None, Err(why)).await
        }
        _ => detach(broker, work, &data).await,
    }
}

fn half_gone(data: &Data) -> String {
    format!(
        "controller {name:?} may be gone, half or whole. Destroy it again; if it no longer answers, look in its cloud for \
         what is left and detach it with \"jimmctl remove-controller --force {name}\"",
        name = data.name
    )
}

/// Nothing was done: the controller may get models again, unless the job is somebody else's by now, who may destroy it.
async fn fail(broker: &Broker, work: &Work, data: &Data, why: String) -> Result<Outcome> {
    if !data.was_deprecated {
        let mut tx = broker.store.begin().await?;
        if !jobs::hold(&mut tx, work.lease).await? {
            return Ok(Outcome::Left);
        }
        controllers::set_deprecated(&mut tx, data.controller, false).await?;
        tx.commit().await?;
    }
    end(broker, work, None, Err(why)).await
}

async fn destroy(broker: &Broker, work: &Work, data: Data) -> Result<Outcome> {
    let row = controllers::get(&mut *broker.store.acquire().await?, data.controller).await?;
    let Some(row) = row else {
        return end(broker, work, None, Ok(format!("controller {} was detached meanwhile", data.name))).await;
    };
    if let Err(error) = broker.require_empty(row.uuid).await {
        return fail(broker, work, &data, error.message().to_owned()).await;
    }
    let endpoint = broker.endpoint(&row).await?;
    let Some(admin) = endpoint.admin else {
        return fail(broker, work, &data, "missing controller credentials".to_owned()).await;
    };
    let client = match broker.juju_client(&series(&row.agent_version)).await {
        Ok(client) => client,
        Err(error) if error.kind() == Kind::NotSupported => {
            return fail(broker, work, &data, error.message().to_owned()).await;
        }
        Err(error) => return Err(error),
    };
    let mut addresses = endpoint.addresses;
    if !endpoint.public_address.is_empty() {
        addresses.push(endpoint.public_address);
    }
    let known = Made {
        uuid: row.uuid.to_string(),
        addresses,
        ca_certificate: endpoint.ca_certificate,
        username: admin.username,
        password: admin.password.expose_secret().to_owned(),
    };
    let mut folder = broker.new_juju_folder()?;
    let args = destroy_files(&folder, &data.name, &known, data.storage.as_deref()).map_err(Error::internal)?;
    let value = serde_json::to_value(&data).map_err(Error::internal)?;
    if !jobs::advance(&mut *broker.store.acquire().await?, work.lease, RUN, &value).await? {
        return Ok(Outcome::Left);
    }
    let redactor = Redactor::new(std::iter::once(known.password.as_str()));
    let over = match broker.run_juju(work, (&client.program, &args), &mut folder, &redactor).await {
        Ok(over) => over,
        Err(error) => return end(broker, work, None, Err(error.message().to_owned())).await,
    };
    let why = match over {
        Over::Left => return Ok(Outcome::Left),
        Over::Itself(Ended::Well, _) => {
            let detaching = jobs::advance(&mut *broker.store.acquire().await?, work.lease, DETACH, &value).await?;
            return if detaching { detach(broker, work, &data).await } else { Ok(Outcome::Left) };
        }
        Over::Itself(Ended::Badly(status), told) => {
            let told = if told.is_empty() { status } else { told };
            format!(
                "juju destroy-controller failed: {told}; the controller stays attached and gets no new models until \"jimmctl \
                 set-controller-deprecated {} --false\"",
                data.name
            )
        }
        Over::Stopped(why) => format!("{why}: {}", half_gone(&data)),
    };
    end(broker, work, None, Err(why)).await
}

/// Detaches the controller that was destroyed, and none that was attached under its name meanwhile.
async fn detach(broker: &Broker, work: &Work, data: &Data) -> Result<Outcome> {
    match broker.detach_controller(data.controller, true).await {
        Ok(_) => {}
        Err(error) if error.kind() == Kind::NotFound => {}
        Err(error) => return Err(error),
    }
    end(broker, work, None, Ok(format!("controller {} is destroyed and detached", data.name))).await
}
