//! Attaching a controller: first it is asked everything, then all of it is written at once.

use std::collections::BTreeMap;
use std::time::Duration;

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::params::cloud::{Cloud, CloudsResult};
use jimm_proto::params::jimm::{AddControllerRequest, ControllerInfo};
use jimm_proto::params::model_manager::{ModelSummariesRequest, ModelSummaryResults};
use jimm_proto::tags::Tag;
use jimm_store::controllers::{self, NewController};
use jimm_store::events::{self, Code, Subject as About};
use jimm_store::{StoreError, Tx, clouds};
use serde_json::{Value, json};
use uuid::Uuid;

use super::endpoints::password_row;
use super::told::info;
use crate::broker::clouds::rows::{cloud_row, region_rows};
use crate::broker::remote::{CLOUD, MODEL_MANAGER};
use crate::broker::{Broker, Requester};
use crate::controllers::{Admin, Endpoint, Session};
use crate::error::{Error, Kind, Result};

/// How long each question to the new controller may take.
const ASK: Duration = Duration::from_secs(30);
/// Priority of a controller in the region that it runs in itself, and in others.
const OWN_REGION: i32 = 10;
const OTHER_REGION: i32 = 1;

/// What a controller tells of itself.
struct Told {
    agent_version: String,
    facades: Value,
    cloud: String,
    region: String,
    clouds: BTreeMap<String, Cloud>,
}

impl Broker {
    /// Attaches a controller: it must be who it is said to be, know the given superuser, and take the broker's tokens.
    pub async fn add_controller(&self, who: &Requester, request: AddControllerRequest) -> Result<ControllerInfo> {
        self.attach_controller(who.name.as_str(), request).await
    }

    /// The same for whoever asked for a job.
    pub(in crate::broker) async fn attach_controller(
        &self,
        by: &str,
        request: AddControllerRequest,
    ) -> Result<ControllerInfo> {
        let uuid = self.check_request(&request)?;
        self.refuse_known(uuid, &request.name).await?;
        let endpoint = Endpoint {
            uuid,
            name: request.name.clone(),
            addresses: request.api_addresses.clone(),
            public_address: request.public_address.clone(),
            ca_certificate: request.ca_certificate.clone(),
            tls_hostname: request.tls_hostname.clone(),
            admin: Some(Admin { username: request.username.clone(), password: request.password.clone().into() }),
        };
        let told = self.interview(&endpoint).await?;
        let sealed = self.secrets.seal(&password_row(uuid), request.password.as_bytes()).await?;
        let new = NewController {
            uuid,
            name: request.name.clone(),
            addresses: request.api_addresses,
            public_address: request.public_address,
            ca_certificate: request.ca_certificate,
            tls_hostname: request.tls_hostname,
            agent_version: told.agent_version.clone(),
            cloud: told.cloud.clone(),
            region: told.region.clone(),
            admin_username: request.username,
            admin_sealed: Some(sealed),
            facades: told.facades.clone(),
        };
        let mut tx = self.store.begin().await?;
        self.write_controller(&mut tx, &new, &told).await?;
        let row = controllers::get(&mut tx, uuid).await?.ok_or_else(|| Error::not_found("controller not found"))?;
        let told = json!({"version": row.agent_version, "by": by});
        events::note(&mut tx, Code::CONTROLLER_ADDED, About::new(uuid, &row.name), &told).await?;
        tx.commit().await?;
        tracing::info!(controller.name = %row.name, controller.uuid = %uuid, requester = by, "controller attached");
        Ok(info(&row))
    }

    async fn refuse_known(&self, uuid: Uuid, name: &str) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        let known = controllers::get(&mut conn, uuid).await?;
        let named = controllers::get_by_name(&mut conn, name).await?;
        match (named, known) {
            (Some(_), _) => Err(already_exists(name)),
            (None, Some(known)) => Err(Error::new(
                Kind::AlreadyExists,
                format!("controller \"{name}\" already exists: the broker knows its UUID as {:?}", known.name),
            )),
            (None, None) => Ok(()),
        }
    }

    /// Asks a controller that is not attached yet. Both ways in are tried: the password, because moves need it, and a
    /// token, because everything else does.
    async fn interview(&self, endpoint: &Endpoint) -> Result<Told> {
        let slot = self.controllers.detached(endpoint);
        let failed = |e: Error| {
            let text = format!("failed to dial the controller: {}", e.message());
            Error::new(e.kind(), text).with_code("connection failed")
        };
        let by_password = slot.log_in_with_password().await.map_err(failed)?;
        by_password.connection().close();
        let session = slot.log_in_with_token().await.map_err(|e| {
            let text = format!(
                "failed to dial the controller: it does not take the broker's token ({}); set its controller config \
                 login-token-refresh-url to {}/.well-known/jwks.json and make it trust that certificate",
                e.message(),
                self.settings.public_url()
            );
            Error::new(e.kind(), text).with_code("connection failed")
        })?;
        let told = self.ask_about_itself(&session).await;
        session.connection().close();
        told
    }

    async fn ask_about_itself(&self, session: &Session) -> Result<Told> {
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let summaries: ModelSummaryResults = session.call(MODEL_MANAGER, "ListModelSummaries", &request, ASK).await?;
        let own = summaries.results.into_iter().filter_map(|r| r.result).find(|s| s.is_controller);
        let Some(own) = own else {
            return Err(Error::new(
                Kind::Controller,
                "the controller does not show its own model: is the user a superuser?",
            ));
        };
        let clouds: CloudsResult = session.call(CLOUD, "Clouds", &json!({}), ASK).await?;
        let clouds = named(clouds)?;
        let cloud = own.cloud_tag.strip_prefix("cloud-").unwrap_or_default().to_owned();
        if !clouds.contains_key(&cloud) {
            let text = format!("the controller runs in cloud {cloud:?} and does not show it: is the user a superuser?");
            return Err(Error::new(Kind::Controller, text));
        }
        let login = session.login();
        let facades = login.facades.iter().map(|f| (f.name.clone(), json!(f.versions))).collect();
        Ok(Told {
            agent_version: login.server_version.clone(),
            facades: Value::Object(facades),
            cloud,
            region: own.cloud_region,
            clouds,
        })
    }

    async fn write_controller(&self, tx: &mut Tx, new: &NewController, told: &Told) -> Result<()> {
        let mut served = Vec::new();
        for (name, cloud) in &told.clouds {
            let own = *name == told.cloud;
            if clouds::ensure(tx, &cloud_row(name, cloud)).await? && own {
                self.add_tuple(tx, Subject::Everyone, Relation::CanAddModel, &Object::cloud(name)).await?;
            }
            for region in region_rows(name, cloud, own.then_some(told.region.as_str())) {
                if clouds::region(tx, name, &region.name).await?.is_none() {
                    clouds::put_region(tx, &region).await?;
                }
                let priority = if own && region.name == told.region { OWN_REGION } else { OTHER_REGION };
                served.push((name.clone(), region.name, priority));
            }
        }
        controllers::insert(tx, new).await.map_err(|e| conflict(e, &new.name))?;
        let host = || Subject::object(Object::controller(new.uuid));
        for (cloud, region, priority) in served {
            let controller_uuid = new.uuid;
            self.add_tuple(tx, host(), Relation::Controller, &Object::cloud(&cloud)).await?;
            clouds::put_priority(tx, &clouds::Priority { controller_uuid, cloud, region, priority }).await?;
        }
        let broker = Subject::object(self.own_object());
        self.add_tuple(tx, broker, Relation::Controller, &Object::controller(new.uuid)).await
    }
}

/// The clouds by their names, which have to be some.
fn named(told: CloudsResult) -> Result<BTreeMap<String, Cloud>> {
    let named = |(tag, cloud): (String, Cloud)| match Tag::cloud(&tag) {
        Ok(name) => Ok((name.to_string(), cloud)),
        Err(e) => {
            Err(Error::new(Kind::Controller, format!("the controller gave a cloud a name that breaks the rules: {e}")))
        }
    };
    told.clouds.into_iter().map(named).collect()
}

fn already_exists(name: &str) -> Error {
    Error::new(Kind::AlreadyExists, format!("controller \"{name}\" already exists"))
}

fn conflict(error: StoreError, name: &str) -> Error {
    match error.conflict() {
        Some(controllers::NAME_KEY | controllers::UUID_KEY) => already_exists(name),
        _ => error.into(),
    }
}
