//! New models: reserved here, made by a controller as their owner, then recorded.
//!
//! The reservation is a row under a provisional UUID with the name taken, the controller chosen and the credential
//! noted. What happens to it is decided by the controller alone: a model that it made is recorded, whoever lost the
//! answer; one that it did not make is forgotten ([`Broker::recover_creations`]).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use jimm_authz::{Object, Relation};
use jimm_proto::names::ModelName;
use jimm_proto::params::model_manager::{
    ModelCreateArgs, ModelEntityCount, ModelInfo, ModelSummariesRequest, ModelSummary, ModelSummaryResults,
};
use jimm_store::models::{self, Model as Row, NewModel};
use jimm_store::{controllers, credentials};
use serde_json::Value;
use uuid::Uuid;

use super::visible::{apply, refresh_of, user_tag};
use crate::broker::clouds::credentials::CredentialId;
use crate::broker::identity::users::{parse_cloud_tag, parse_user_name, parse_user_tag};
use crate::broker::placement::{Place, Sought};
use crate::broker::remote::{CALL_DEADLINE, MODEL_MANAGER, is_refusal};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// How long a controller may take to make a model.
const CREATE_DEADLINE: Duration = Duration::from_secs(120);
/// After this a reservation has no live creator any more.
const ABANDONED: TimeDelta = TimeDelta::minutes(5);

/// A new model as it was asked for, checked.
struct Wanted {
    name: String,
    owner: String,
    cloud: String,
    region: String,
    credential: CredentialId,
    config: BTreeMap<String, Value>,
    controller: Option<String>,
}

/// A model that was not made, certainly or only as far as one knows.
struct NotMade {
    error: Error,
    certainly: bool,
}

/// What fails before the controller is asked fails for certain.
impl From<Error> for NotMade {
    fn from(error: Error) -> Self {
        Self { error, certainly: true }
    }
}

impl Broker {
    /// Makes a model on the controller that placement chooses, owned by the named owner.
    pub async fn create_model(&self, who: &Requester, args: ModelCreateArgs) -> Result<ModelInfo> {
        let wanted = self.checked(who, args).await?;
        let mut last = None;
        let sought = Sought {
            cloud: &wanted.cloud,
            region: &wanted.region,
            named: wanted.controller.as_deref(),
            owner: Some((who, &wanted.owner)),
        };
        for place in self.places(&sought).await? {
            match self.create_there(who, &wanted, &place).await {
                Err(NotMade { error, certainly: true }) if error.kind() == Kind::ControllerUnavailable => {
                    tracing::warn!(reason = %place.reason, error = %error, "the controller does not answer, trying the next");
                    last = Some(error);
                }
                Err(NotMade { error, .. }) => return Err(error),
                Ok(info) => return Ok(info),
            }
        }
        Err(last.unwrap_or_else(|| Error::not_found("no available controllers")))
    }

    async fn create_there(&self, who: &Requester, wanted: &Wanted, place: &Place) -> Result<ModelInfo, NotMade> {
        let config = self.configured(&wanted.owner, &wanted.cloud, &place.region, wanted.config.clone()).await?;
        let row = self.reserve(wanted, place.controller, &place.region).await?;
        tracing::info!(
            model.name = %row.name, model.owner = %row.owner, controller.uuid = %row.controller_uuid,
            reason = %place.reason, "making a model"
        );
        let info = match self.make(&row, config, place.region_is_virtual).await {
            Ok(info) => info,
            Err(not_made) => {
                // Without an answer the model may exist or not: the reservation stays until the controller told.
                if not_made.certainly {
                    self.drop_reservation(&row).await?;
                }
                return Err(not_made);
            }
        };
        let row = self.record_creation(&row, &info).await?;
        tracing::info!(model.uuid = %row.uuid, requester = %who.name, "model made");
        let mut info = self.merge_info(who, &row, info).await?;
        // Why there is for operators: other users do not see controllers.
        if info.status.info.is_empty() && self.is_admin(who).await? {
            info.status.info = format!("placed: {}", place.reason);
        }
        Ok(info)
    }

    async fn checked(&self, who: &Requester, args: ModelCreateArgs) -> Result<Wanted> {
        if args.name.is_empty() {
            return Err(Error::bad_request("name not specified"));
        }
        ModelName::from_str(&args.name)
            .map_err(|_| Error::bad_request(format!("\"{}\" is not a valid name for a model", args.name)))?;
        let owner = match (args.qualifier.as_deref(), args.owner_tag.as_deref()) {
            (Some(name), _) if !name.is_empty() => parse_user_name(name)?,
            (_, Some(tag)) if !tag.is_empty() => parse_user_tag(tag)?,
            _ => return Err(Error::bad_request("owner tag not specified")),
        };
        let owner = owner.to_string();
        self.require_self_or_admin(who, &owner).await?;
        let cloud =
            if args.cloud_tag.is_empty() { self.only_cloud(who).await? } else { parse_cloud_tag(&args.cloud_tag)? };
        if self.cloud_access(who, &cloud).await?.is_none() {
            return Err(Error::new(Kind::Unauthorized, format!("not authorized to add model to cloud \"{cloud}\"")));
        }
        let credential = self.credential_for(&owner, &cloud, &args.credential).await?;
        let controller = args.target_controller.filter(|name| !name.is_empty());
        if let Some(name) = &controller {
            self.require_place_on(who, name).await?;
        }
        Ok(Wanted { name: args.name, owner, cloud, region: args.region, credential, config: args.config, controller })
    }

    /// A controller that is named is one on which the caller may make models.
    async fn require_place_on(&self, who: &Requester, name: &str) -> Result<()> {
        let row = controllers::get_by_name(&mut *self.store.acquire().await?, name).await?;
        let row = row.ok_or_else(|| Error::not_found(format!("controller \"{name}\" not found")))?;
        let text = || {
            format!(
                "not authorized to add model to controller \"{name}\": leave the controller to the broker, or ask an \
                 administrator for can_addmodel on it"
            )
        };
        let allowed = self.allowed(who, Relation::CanAddModel, &Object::controller(row.uuid)).await?;
        if allowed { Ok(()) } else { Err(Error::new(Kind::Unauthorized, text())) }
    }

    /// The one cloud the caller sees.
    pub(crate) async fn only_cloud(&self, who: &Requester) -> Result<String> {
        let mut clouds = self.cloud_levels(who).await?.into_keys();
        match (clouds.next(), clouds.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Error::bad_request("no available clouds")),
            _ => Err(Error::bad_request("no cloud specified for model; please specify one")),
        }
    }

    /// The credential given, or the owner's first for the cloud that is not known to be invalid.
    async fn credential_for(&self, owner: &str, cloud: &str, given: &str) -> Result<CredentialId> {
        if !given.is_empty() {
            let id = CredentialId::parse(given)?;
            if id.cloud != cloud {
                return Err(Error::bad_request("cloud credential cloud mismatch"));
            }
            if id.owner != owner {
                return Err(Error::bad_request("model owner doesn't match cloud-credential owner"));
            }
            self.credential_row(&id).await?;
            return Ok(id);
        }
        let mut conn = self.store.acquire().await?;
        let rows = credentials::of_owner_and_cloud(&mut conn, owner, cloud).await?;
        let usable = rows.iter().find(|row| row.valid != Some(false));
        usable.map(CredentialId::from).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("valid cloud credentials not found: add one for cloud \"{cloud}\""))
        })
    }

    /// Takes the name, unless somebody has it. A reservation that its creator left behind is settled first.
    async fn reserve(&self, wanted: &Wanted, controller: Uuid, region: &str) -> Result<Row> {
        let existing = {
            let mut conn = self.store.acquire().await?;
            models::get_by_name(&mut conn, &wanted.owner, &wanted.name).await?
        };
        if let Some(row) = existing.filter(|row| row.mode == models::MODE_CREATING)
            && self.clock.now() - row.created_at > ABANDONED
        {
            self.settle(&row).await?;
        }
        let uuid = Uuid::new_v4();
        let kind = if self.cloud_row(&wanted.cloud).await?.kind == "kubernetes" { "caas" } else { "iaas" };
        let new = NewModel {
            uuid,
            name: wanted.name.clone(),
            owner: wanted.owner.clone(),
            controller_uuid: controller,
            cloud: wanted.cloud.clone(),
            region: region.to_owned(),
            credential_owner: Some(wanted.credential.owner.clone()),
            credential_name: Some(wanted.credential.name.clone()),
            kind: kind.to_owned(),
            mode: models::MODE_CREATING.to_owned(),
            ..NewModel::default()
        };
        let mut tx = self.store.begin().await?;
        let used = &wanted.credential;
        if !credentials::hold(&mut tx, &used.cloud, &used.owner, &used.name).await? {
            return Err(used.not_found());
        }
        models::insert(&mut tx, &new).await.map_err(|e| match e.conflict() {
            Some(_) => {
                Error::new(Kind::AlreadyExists, format!("model {}/{} already exists", wanted.owner, wanted.name))
            }
            None => e.into(),
        })?;
        let row = models::get(&mut tx, uuid).await?.ok_or_else(Error::model_not_found)?;
        tx.commit().await?;
        Ok(row)
    }

    /// Has the controller make the model, as its owner and with the owner's credential.
    async fn make(
        &self,
        row: &Row,
        mut config: BTreeMap<String, Value>,
        region_is_virtual: bool,
    ) -> Result<ModelInfo, NotMade> {
        let credential = CredentialId {
            cloud: row.cloud.clone(),
            owner: row.credential_owner.clone().unwrap_or_default(),
            name: row.credential_name.clone().unwrap_or_default(),
        };
        let claims = BTreeMap::from([
            (format!("controller-{}", row.controller_uuid), "login".to_owned()),
            (format!("cloud-{}", row.cloud), "add-model".to_owned()),
        ]);
        let remote = self.connect_as(&row.owner, row.controller_uuid, claims).await?;
        // The controller knows the owner by the login above, and lets superusers only pass over models that mind.
        self.push_credential(row.controller_uuid, &credential).await?;
        let qualified = remote.version(MODEL_MANAGER)? >= 11;
        if qualified {
            // Newer controllers have no such key; older clients always send it.
            config.remove("authorized-keys");
        }
        let args = ModelCreateArgs {
            name: row.name.clone(),
            owner_tag: (!qualified).then(|| user_tag(&row.owner)),
            qualifier: qualified.then(|| row.owner.clone()),
            config,
            cloud_tag: format!("cloud-{}", row.cloud),
            region: if region_is_virtual { String::new() } else { row.region.clone() },
            credential: credential.tag(),
            target_controller: None,
        };
        let made = remote.call(MODEL_MANAGER, "CreateModel", &args, CREATE_DEADLINE).await;
        remote.close();
        made.map_err(|error: Error| NotMade { certainly: is_refusal(&error), error: refused(error) })
    }

    /// The model is there: its true UUID, its rights and the end of its reservation, in one transaction.
    async fn record_creation(&self, row: &Row, info: &ModelInfo) -> Result<Row> {
        let uuid: Uuid = info
            .uuid
            .parse()
            .map_err(|_| Error::new(Kind::Controller, format!("the controller named the model {:?}", info.uuid)))?;
        let mut tx = self.store.begin().await?;
        let confirmed = models::confirm_created(&mut tx, row.uuid, uuid).await.map_err(|e| match e.conflict() {
            Some(_) => {
                Error::new(Kind::Controller, format!("the controller named the model {uuid}, which is another's"))
            }
            None => e.into(),
        })?;
        if confirmed {
            self.add_model_tuples(&mut tx, uuid, row.controller_uuid, &row.owner).await?;
        }
        let recorded = models::get(&mut tx, uuid).await?;
        tx.commit().await?;
        let mut recorded = recorded.ok_or_else(|| {
            Error::new(Kind::Conflict, format!("the reservation of model {}/{} is gone", row.owner, row.name))
        })?;
        let (told, now) = (as_summary(info), self.clock.now());
        apply(&mut recorded, &told);
        recorded.refreshed_at = Some(now);
        self.keep_summaries(recorded.controller_uuid, &[(recorded.uuid, refresh_of(&told))], now).await;
        Ok(recorded)
    }

    async fn drop_reservation(&self, row: &Row) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        models::delete_settled(&mut conn, row.uuid, row.controller_uuid, models::MODE_CREATING).await?;
        Ok(())
    }

    /// Settles reservations whose creator is gone: what the controller made is recorded, the rest forgotten. A duty of
    /// whoever holds the lease; a controller that does not answer is asked again the next time.
    pub async fn recover_creations(&self) -> Result<()> {
        let rows = {
            let mut conn = self.store.acquire().await?;
            models::in_mode(&mut conn, models::MODE_CREATING).await?
        };
        let now = self.clock.now();
        for row in rows.iter().filter(|row| now - row.created_at > ABANDONED) {
            if let Err(e) = self.settle(row).await {
                tracing::warn!(model.name = %row.name, model.owner = %row.owner, error = %e, "cannot settle a reservation yet");
            }
        }
        Ok(())
    }

    /// The first of the models that has no record. One that has, under whatever name and owner, is not a new one: to take
    /// it for that would fail for ever, and the name with it.
    async fn first_unknown(&self, told: Vec<ModelSummary>) -> Result<Option<ModelSummary>> {
        let mut conn = self.store.acquire().await?;
        for told in told {
            let is_known = match told.uuid.parse() {
                Ok(uuid) => models::get(&mut conn, uuid).await?.is_some(),
                Err(_) => false,
            };
            if !is_known {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }

    /// Asks the controller whether it made the model of a reservation, and records or forgets it.
    async fn settle(&self, row: &Row) -> Result<()> {
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let answer: ModelSummaryResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "ListModelSummaries", &request, CALL_DEADLINE).await?;
        let told = answer.results.into_iter().filter_map(|r| r.result).filter(|told| is_of(told, row)).collect();
        if let Some(told) = self.first_unknown(told).await? {
            let info = ModelInfo { uuid: told.uuid, status: told.status, life: told.life, ..ModelInfo::default() };
            self.record_creation(row, &info).await?;
            tracing::info!(model.uuid = %info.uuid, model.name = %row.name, "recorded a model whose creator was lost");
        } else {
            self.drop_reservation(row).await?;
            tracing::info!(model.name = %row.name, "forgot the reservation of a model that was not made");
        }
        Ok(())
    }
}

/// Whether the controller speaks of the model that was reserved.
fn is_of(told: &ModelSummary, row: &Row) -> bool {
    let tag = user_tag(&row.owner);
    let owned =
        told.owner_tag.as_deref() == Some(tag.as_str()) || told.qualifier.as_deref() == Some(row.owner.as_str());
    told.name == row.name && owned
}

/// What of a model's description belongs into lists.
fn as_summary(info: &ModelInfo) -> ModelSummary {
    let cores = info.machines.iter().filter_map(|machine| machine.hardware.as_ref()).map(|it| it.cores).sum();
    let machines = i64::try_from(info.machines.len()).unwrap_or(i64::MAX);
    let count = |entity: &str, count: i64| ModelEntityCount { entity: entity.to_owned(), count };
    ModelSummary {
        name: info.name.clone(),
        uuid: info.uuid.clone(),
        provider_type: info.provider_type.clone(),
        default_series: info.default_series.clone(),
        life: info.life.clone(),
        status: info.status.clone(),
        counts: vec![count("machines", machines), count("cores", cores)],
        migration: info.migration.clone(),
        sla: info.sla.clone(),
        agent_version: info.agent_version.clone(),
        ..ModelSummary::default()
    }
}

/// A controller's refusal in the words that clients know.
fn refused(error: Error) -> Error {
    match (error.kind(), error.juju_code()) {
        (Kind::AlreadyExists, _) => Error::new(Kind::AlreadyExists, "model name in use"),
        (Kind::Controller, "") => Error::bad_request(error.message().to_owned()),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_what_clients_look_at() {
        let theirs = |message: &str, code: &str| {
            let error =
                jimm_proto::params::common::Error { message: message.into(), code: code.into(), ..Default::default() };
            refused(Error::from_controller(error))
        };
        assert_eq!(theirs("x exists", "already exists").message(), "model name in use");
        assert_eq!(theirs("later", "upgrade in progress").juju_code(), "upgrade in progress");
        assert_eq!(theirs("bad config", "").juju_code(), "bad request");
    }
}
