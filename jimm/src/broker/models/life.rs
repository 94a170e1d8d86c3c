//! What is done to one model through its controller: status, destruction, upgrade, dumps, a new credential.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use jimm_authz::{Object, Relation};
use jimm_proto::access::ModelAccess;
use jimm_proto::params::common::{Entities, Entity, ErrorResults, MapResults, StringResults};
use jimm_proto::params::model_manager::{
    ChangeModelCredentialParams, ChangeModelCredentialsParams, DestroyModelParams, DestroyModelsParams,
    DumpModelRequest, ModelParam, ModelStatus, ModelStatusResults,
};
use jimm_proto::params::model_upgrader::{UpgradeModelParams, UpgradeModelResult};
use jimm_store::models::{self, Model as Row};
use serde_json::Value;
use uuid::Uuid;

use super::visible::{require_not_migrating, user_tag};
use crate::broker::clouds::credentials::CredentialId;
use crate::broker::identity::users::parse_model_tag;
use crate::broker::remote::{CALL_DEADLINE, MODEL_MANAGER, MODEL_UPGRADER, copy, is_gone, only_error};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// The status of models, asked of their controllers side by side. What its controller no longer has after it was
    /// destroyed through the broker is forgotten on the way.
    pub async fn model_statuses(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<ModelStatus>>> {
        let rows = self.models_to_ask(who, tags).await?;
        let mut by_controller: BTreeMap<Uuid, Vec<&Row>> = BTreeMap::new();
        let distinct: BTreeMap<Uuid, &Row> = rows.iter().flatten().map(|row| (row.uuid, row)).collect();
        for row in distinct.into_values() {
            by_controller.entry(row.controller_uuid).or_default().push(row);
        }
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
        for (controller, rows) in by_controller {
            asked.push(Box::pin(self.ask_statuses(controller, rows)));
        }
        let told: BTreeMap<Uuid, Result<ModelStatus>> = join_all(asked).await.into_iter().flatten().collect();
        let status = |row: Row| match told.get(&row.uuid) {
            Some(Ok(status)) => Ok(status.clone()),
            Some(Err(e)) => Err(copy(e)),
            None => Err(Error::model_not_found()),
        };
        Ok(rows.into_iter().map(|row| row.and_then(status)).collect())
    }

    /// Models whose status the caller may ask. One that does not exist is said not to: clients wait for this answer after
    /// they destroyed it. To who may not even read it, it does not exist.
    async fn models_to_ask(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<Row>>> {
        let uuids: Vec<Result<Uuid>> = tags.iter().map(|tag| parse_model_tag(tag)).collect();
        let distinct: BTreeSet<Uuid> = uuids.iter().flatten().copied().collect();
        let rows = {
            let mut conn = self.store.acquire().await?;
            models::get_many(&mut conn, &distinct.into_iter().collect::<Vec<_>>()).await?
        };
        let rows: BTreeMap<Uuid, Row> = rows.into_iter().map(|row| (row.uuid, row)).collect();
        let levels = self.model_accesses(who, rows.keys()).await?;
        let row = |uuid: Uuid| match (rows.get(&uuid), levels.get(&uuid)) {
            (Some(row), Some(ModelAccess::Admin)) => Ok(row.clone()),
            (Some(_), Some(_)) => Err(Error::unauthorized()),
            _ => Err(Error::model_not_found()),
        };
        Ok(uuids.into_iter().map(|uuid| uuid.and_then(row)).collect())
    }

    async fn ask_statuses(&self, controller: Uuid, rows: Vec<&Row>) -> Vec<(Uuid, Result<ModelStatus>)> {
        let answer: Result<ModelStatusResults> =
            self.ask(controller, MODEL_MANAGER, "ModelStatus", &entities(&rows), CALL_DEADLINE).await;
        let mut statuses = match answer {
            Ok(answer) => answer.models.into_iter(),
            Err(e) => return rows.into_iter().map(|row| (row.uuid, Err(copy(&e)))).collect(),
        };
        let mut results = Vec::with_capacity(rows.len());
        for row in rows {
            let result = match statuses.next() {
                Some(ModelStatus { error: Some(e), .. }) => {
                    Err(self.refused_status(row, Error::from_controller(e)).await)
                }
                Some(mut status) => {
                    status.model_tag = format!("model-{}", row.uuid);
                    status.owner_tag = Some(user_tag(&row.owner));
                    status.qualifier = None;
                    Ok(status)
                }
                None => Err(Error::new(Kind::Controller, "the controller did not answer for this model")),
            };
            results.push((row.uuid, result));
        }
        results
    }

    /// A destroyed model is gone once its controller does not know it any more.
    async fn refused_status(&self, row: &Row, error: Error) -> Error {
        if !is_gone(&error) || row.life == "alive" {
            return error;
        }
        match self.forget_model(row).await {
            Ok(_) => Error::model_not_found(),
            Err(e) => e,
        }
    }

    /// Destroys a model. The row and its rights stay until the controller no longer has it; a model that nobody knows
    /// is no error.
    pub async fn destroy_model(&self, who: &Requester, params: DestroyModelParams) -> Result<()> {
        let uuid = parse_model_tag(&params.model_tag)?;
        let row = match self.model_row(uuid).await {
            Ok(row) => row,
            Err(e) if e.kind() == Kind::ModelNotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        self.require(who, Relation::Administrator, &Object::model(uuid)).await?;
        require_not_migrating(&row)?;
        let params = DestroyModelsParams { models: vec![params] };
        let answer: Result<ErrorResults> =
            self.ask(row.controller_uuid, MODEL_MANAGER, "DestroyModels", &params, CALL_DEADLINE).await;
        match answer.and_then(only_error) {
            Ok(()) => {
                let mut conn = self.store.acquire().await?;
                models::set_life(&mut conn, uuid, "dying").await?;
                tracing::info!(model.uuid = %uuid, requester = %who.name, "model is being destroyed");
                Ok(())
            }
            Err(e) if is_gone(&e) => {
                self.forget_model(&row).await?;
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// Makes a model use another credential: the controller first, then the record.
    pub async fn change_model_credential(&self, who: &Requester, change: &ChangeModelCredentialParams) -> Result<()> {
        let uuid = parse_model_tag(&change.model_tag)?;
        let id = CredentialId::parse(&change.credential_tag)?;
        let row = self.model_for(who, Relation::Administrator, uuid).await?;
        if id.owner != who.name.as_str() {
            self.require_admin(who).await?;
        }
        require_not_migrating(&row)?;
        if id.cloud != row.cloud {
            return Err(Error::bad_request("cloud credential cloud mismatch: the model runs in another cloud"));
        }
        self.push_credential(row.controller_uuid, &id).await?;
        let params = ChangeModelCredentialsParams { model_credentials: vec![change.clone()] };
        let answer: ErrorResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "ChangeModelCredential", &params, CALL_DEADLINE).await?;
        only_error(answer)?;
        let mut tx = self.store.begin().await?;
        models::set_credential(&mut tx, uuid, &id.owner, &id.name).await?;
        Ok(tx.commit().await?)
    }

    /// The model as its controller writes it down for people, in YAML.
    pub async fn dump_model(&self, who: &Requester, tag: &str, simplified: bool) -> Result<String> {
        let row = self.model_for(who, Relation::Administrator, parse_model_tag(tag)?).await?;
        let params = DumpModelRequest { entities: vec![Entity { tag: tag.to_owned() }], simplified };
        let answer: StringResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "DumpModels", &params, CALL_DEADLINE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        result.error.map_or(Ok(result.result), |e| Err(Error::from_controller(e)))
    }

    /// The model as its controller stores it.
    pub async fn dump_model_db(&self, who: &Requester, tag: &str) -> Result<BTreeMap<String, Value>> {
        let row = self.model_for(who, Relation::Administrator, parse_model_tag(tag)?).await?;
        let params = entities(&[&row]);
        let answer: MapResults =
            self.ask(row.controller_uuid, MODEL_MANAGER, "DumpModelsDB", &params, CALL_DEADLINE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        result.error.map_or(Ok(result.result), |e| Err(Error::from_controller(e)))
    }

    /// Upgrades the agents of a model.
    pub async fn upgrade_model(&self, who: &Requester, params: UpgradeModelParams) -> Result<UpgradeModelResult> {
        let row = self.model_for(who, Relation::Administrator, parse_model_tag(&params.model_tag)?).await?;
        require_not_migrating(&row)?;
        self.ask_for_model(&row, MODEL_UPGRADER, "UpgradeModel", &params).await
    }

    /// Gives up an upgrade of a model's agents.
    pub async fn abort_model_upgrade(&self, who: &Requester, tag: &str) -> Result<()> {
        let row = self.model_for(who, Relation::Administrator, parse_model_tag(tag)?).await?;
        require_not_migrating(&row)?;
        let params = ModelParam { model_tag: tag.to_owned() };
        let _: Value = self.ask_for_model(&row, MODEL_UPGRADER, "AbortModelUpgrade", &params).await?;
        Ok(())
    }
}

/// The models as `Entities`.
pub(in crate::broker) fn entities(rows: &[&Row]) -> Entities {
    Entities { entities: rows.iter().map(|row| Entity { tag: format!("model-{}", row.uuid) }).collect() }
}
