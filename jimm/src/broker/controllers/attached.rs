//! Attached controllers: showing them, setting them aside, detaching them.

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::names::ControllerName;
use jimm_proto::params::jimm::{AddControllerRequest, ControllerInfo, ControllerStatus};
use jimm_proto::version::AgentVersion;
use jimm_store::controllers::{self, Controller};
use jimm_store::events::{self, Code, Subject as About};
use jimm_store::{Tx, clouds, models, offers};
use serde_json::json;
use uuid::Uuid;

use super::told::info;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// The name by which rights call the broker itself.
const OWN_NAME: &str = "jimm";
/// The name by which the broker shows itself to users who do not administer it.
const SHOWN_NAME: &str = "jaas";
/// What users who do not administer the broker see as its version when it has no controller yet.
const NO_VERSION: &str = "0.0.0";

impl Broker {
    /// The controllers: all of them for administrators, the broker itself for everybody else.
    pub async fn list_controllers(&self, who: &Requester) -> Result<Vec<ControllerInfo>> {
        let rows = controllers::list(&mut *self.store.acquire().await?).await?;
        if self.is_admin(who).await? {
            return Ok(rows.iter().map(info).collect());
        }
        let lowest = lowest_version(&rows).unwrap_or_else(|| NO_VERSION.to_owned());
        let status = ControllerStatus { status: "available".to_owned(), ..ControllerStatus::default() };
        let uuid = self.settings.uuid.to_string();
        Ok(vec![ControllerInfo {
            name: SHOWN_NAME.to_owned(),
            uuid,
            agent_version: lowest,
            status,
            ..ControllerInfo::default()
        }])
    }

    /// One controller, with the number of models that the broker knows there.
    pub async fn show_controller(&self, name: &str) -> Result<ControllerInfo> {
        let row = self.controller_named(name).await?;
        let hosted = models::of_controller(&mut *self.store.acquire().await?, row.uuid).await?;
        Ok(ControllerInfo { models: i64::try_from(hosted.len()).ok(), ..info(&row) })
    }

    /// The controller of that name.
    pub async fn controller_named(&self, name: &str) -> Result<Controller> {
        let row = controllers::get_by_name(&mut *self.store.acquire().await?, name).await?;
        row.ok_or_else(|| Error::not_found("controller not found"))
    }

    /// Says whether a controller may get new models.
    pub async fn set_controller_deprecated(&self, name: &str, deprecated: bool) -> Result<ControllerInfo> {
        let row = self.controller_named(name).await?;
        controllers::set_deprecated(&mut *self.store.acquire().await?, row.uuid, deprecated).await?;
        Ok(info(&self.controller_named(name).await?))
    }

    /// Detaches a controller and answers what it was. Its models are forgotten with their rights; the controller itself
    /// is not touched. One that is alive or hosts models has to be forced, and one from or to which a model moves stays.
    pub async fn remove_controller(&self, name: &str, force: bool) -> Result<ControllerInfo> {
        let found = self.controller_named(name).await?;
        self.detach_controller(found.uuid, force).await
    }

    /// The same for the controller of that UUID, whatever its name is by now.
    pub(super) async fn detach_controller(&self, uuid: Uuid, force: bool) -> Result<ControllerInfo> {
        let mut tx = self.store.begin().await?;
        let Some(row) = controllers::get_for_update(&mut tx, uuid).await? else {
            return Err(Error::not_found("controller not found"));
        };
        if !force && row.unavailable_since.is_none() {
            return Err(Error::new(Kind::StillAlive, "controller is still alive"));
        }
        let hosted = models::of_controller(&mut tx, row.uuid).await?;
        if !force && !hosted.is_empty() {
            return Err(Error::new(Kind::StillAlive, "controller still has models"));
        }
        if crate::broker::migration::moves_from_or_to(&mut tx, row.uuid).await? {
            return Err(Error::new(
                Kind::MigrationInProgress,
                format!(
                    "a model moves from or to controller {}: wait until it has arrived (\"jimmctl models\" shows it)",
                    row.name
                ),
            ));
        }
        let count = hosted.len();
        for model in hosted {
            for offer in offers::of_model(&mut tx, model.uuid).await? {
                self.remove_tuples_on(&mut tx, &Object::offer(offer.uuid)).await?;
            }
            self.remove_tuples_on(&mut tx, &Object::model(model.uuid)).await?;
        }
        models::delete_of_controller(&mut tx, row.uuid).await?;
        self.remove_cloud_links(&mut tx, row.uuid).await?;
        self.remove_tuples_on(&mut tx, &Object::controller(row.uuid)).await?;
        controllers::delete(&mut tx, row.uuid).await?;
        let told = json!({"models": count});
        events::note(&mut tx, Code::CONTROLLER_REMOVED, About::new(row.uuid, &row.name), &told).await?;
        tx.commit().await?;
        self.controllers.forget(row.uuid);
        self.discard(row.admin_sealed.as_deref()).await;
        tracing::info!(controller.name = %row.name, controller.uuid = %row.uuid, forced = force, "controller detached");
        Ok(info(&row))
    }

    /// The controller no longer administers the clouds it served.
    async fn remove_cloud_links(&self, tx: &mut Tx, uuid: Uuid) -> Result<()> {
        let host = || Subject::object(Object::controller(uuid));
        for served in clouds::priorities_of_controller(tx, uuid).await? {
            self.remove_tuple(tx, host(), Relation::Controller, &Object::cloud(&served.cloud)).await?;
        }
        Ok(())
    }

    /// Checks what an operator wrote about a controller.
    pub(in crate::broker) fn check_request(&self, request: &AddControllerRequest) -> Result<Uuid> {
        if request.name == OWN_NAME {
            return Err(Error::bad_request("cannot add a controller with name \"jimm\""));
        }
        request.name.parse::<ControllerName>().map_err(|e| Error::bad_request(e.to_string()))?;
        let uuid = Uuid::try_parse(&request.uuid)
            .map_err(|_| Error::bad_request(format!("{:?} is not the UUID of a controller", request.uuid)))?;
        if uuid == self.settings.uuid {
            return Err(Error::bad_request("that is the UUID of the broker itself: give the controller's own"));
        }
        if !request.public_address.is_empty() {
            check_public_address(&request.public_address)?;
        }
        for address in &request.api_addresses {
            let valid =
                address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            if !valid {
                return Err(Error::bad_request(format!("{address:?} is not an API address of the form host:port")));
            }
        }
        if request.api_addresses.is_empty() && request.public_address.is_empty() {
            return Err(Error::bad_request("no address given: api-addresses or public-address is needed"));
        }
        if request.username.is_empty() || request.password.is_empty() {
            return Err(Error::bad_request("username and password of the controller's superuser are needed"));
        }
        Ok(uuid)
    }
}

fn check_public_address(address: &str) -> Result<()> {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    if host.is_empty() {
        return Err(Error::bad_request(format!("address {address}: host not specified in public address")));
    }
    if port.parse::<u16>().is_err() {
        return Err(Error::bad_request(format!("address {address}: port not specified in public address")));
    }
    Ok(())
}

fn lowest_version(rows: &[Controller]) -> Option<String> {
    rows.iter().filter_map(|row| row.agent_version.parse::<AgentVersion>().ok()).min().map(|v| v.to_string())
}
