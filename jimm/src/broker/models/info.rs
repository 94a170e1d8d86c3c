//! One model in full: what its controller tells, under the broker's names and with the broker's users.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use jimm_authz::Relation;
use jimm_proto::access::ModelAccess;
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::model_manager::{ModelInfo, ModelInfoResults, ModelUserInfo};
use jimm_store::identities;
use jimm_store::models::Model as Row;
use uuid::Uuid;

use super::described::Described;
use crate::broker::identity::users::{display_name, parse_model_tag};
use crate::broker::remote::{CALL_DEADLINE, MODEL_MANAGER, copy, is_gone};
use crate::broker::rights::access::EVERYONE;
use crate::broker::rights::grants::hide;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Models that are looked at at a time.
const AT_A_TIME: usize = 8;

impl Broker {
    /// Models in full, asked of their controllers side by side, all models of one controller with one question.
    pub async fn model_infos(&self, who: &Requester, tags: &[String]) -> Vec<Result<ModelInfo>> {
        if let [tag] = tags {
            return vec![Box::pin(self.model_info(who, tag)).await];
        }
        let mut rows: Vec<Result<Looked>> = Vec::with_capacity(tags.len());
        for some in tags.chunks(AT_A_TIME) {
            let looks: Vec<BoxFuture<'_, _>> = some.iter().map(|tag| self.look_at(who, tag).boxed()).collect();
            rows.extend(join_all(looks).await);
        }
        let mut by_controller: BTreeMap<Uuid, BTreeMap<Uuid, &Row>> = BTreeMap::new();
        for Looked { row, .. } in rows.iter().flatten() {
            by_controller.entry(row.controller_uuid).or_default().insert(row.uuid, row);
        }
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
        for (controller, rows) in by_controller {
            asked.push(Box::pin(self.infos_of(controller, rows)));
        }
        // While the controllers think about it, the broker looks up what it knows itself.
        let names = rows.iter().flatten().flat_map(|looked| looked.access.keys().cloned()).collect();
        let (told, names) = tokio::join!(join_all(asked), self.display_names(names));
        let told: BTreeMap<Uuid, Result<ModelInfo>> = told.into_iter().flatten().collect();
        let mut infos = Vec::with_capacity(rows.len());
        for looked in rows {
            infos.push(looked.and_then(|Looked { row, level, access }| {
                let names = names.as_ref().map_err(copy)?;
                let info = told.get(&row.uuid).ok_or_else(Error::unauthorized)?.as_ref().map_err(copy)?;
                Ok(merged(&Described::from(&row), info.clone(), level, users(row.uuid, access, names)))
            }));
        }
        infos
    }

    /// One model, whose home is asked while the broker still looks up what it knows itself. Nobody else's model is asked about.
    async fn model_info(&self, who: &Requester, tag: &str) -> Result<ModelInfo> {
        let uuid = parse_model_tag(tag)?;
        let (level, access) = self.readable(who, uuid).await?;
        let (told, users) = tokio::join!(self.told_at_home(uuid), self.shown_users(uuid, access));
        let (model, told) = told?;
        Ok(merged(&model, told, level, users?))
    }

    /// What a model's home tells of it, asked without a look at its row when that is remembered.
    async fn told_at_home(&self, uuid: Uuid) -> Result<(Arc<Described>, ModelInfo)> {
        let ask = async |home| self.ask_infos(home, vec![uuid]).await?.pop().ok_or_else(Error::unauthorized)?;
        let remembered = &self.descriptions.models;
        let since = remembered.since();
        if let Some(model) = remembered.recall(since, &uuid) {
            match ask(model.controller_uuid).await {
                // It may have gone elsewhere this moment: its row decides.
                Err(error) if is_gone(&error) => {}
                told => return Ok((model, told?)),
            }
        }
        let (row, told) = Box::pin(self.at_home(uuid, ask)).await?.ok_or_else(Error::unauthorized)?;
        let told = self.settled(&row, told).await?;
        let model = Arc::new(Described::from(&row));
        remembered.keep(since, uuid, Arc::clone(&model), 1);
        Ok((model, told))
    }

    /// Everything that the broker itself knows of a model, when the caller may read it; otherwise unauthorized, whether it
    /// exists or not.
    async fn look_at(&self, who: &Requester, tag: &str) -> Result<Looked> {
        let uuid = parse_model_tag(tag)?;
        let (row, readable) = tokio::join!(self.model_row(uuid), self.readable(who, uuid));
        let (level, access) = readable?;
        Ok(Looked { row: row.map_err(hide)?, level, access })
    }

    /// What the caller may do with a model, and who else may as far as the caller may know. Who may not read it is
    /// unauthorized, whether it exists or not.
    async fn readable(&self, who: &Requester, uuid: Uuid) -> Result<(ModelAccess, Access)> {
        let (level, access) = self.model_standing(who, uuid).await?;
        let level = level.ok_or_else(Error::unauthorized)?;
        Ok((level, visible(who, Some(level), access)))
    }

    /// What a controller tells of models of its own, each of them once.
    async fn infos_of(&self, controller: Uuid, rows: BTreeMap<Uuid, &Row>) -> Vec<(Uuid, Result<ModelInfo>)> {
        let told = match self.ask_infos(controller, rows.keys().copied().collect()).await {
            Ok(told) => told,
            Err(e) => return rows.into_keys().map(|uuid| (uuid, Err(copy(&e)))).collect(),
        };
        let mut infos = Vec::with_capacity(rows.len());
        for ((uuid, row), told) in rows.into_iter().zip(told) {
            infos.push((uuid, self.settled(row, told).await));
        }
        infos
    }

    /// Asks a controller about models: its answers, one a model and in their order.
    async fn ask_infos(&self, controller: Uuid, models: Vec<Uuid>) -> Result<Vec<Result<ModelInfo>>> {
        let tags = models.iter().map(|uuid| Entity { tag: format!("model-{uuid}") });
        let params = Entities { entities: tags.collect() };
        let answer: ModelInfoResults = self.ask(controller, MODEL_MANAGER, "ModelInfo", &params, CALL_DEADLINE).await?;
        let mut told = answer.results.into_iter();
        let one = |uuid| {
            let told = told.next().unwrap_or_default();
            match (told.result, told.error) {
                (_, Some(e)) => Err(Error::from_controller(e)),
                (Some(info), None) => about(&info, uuid).map(|()| info),
                (None, None) => Err(Error::new(Kind::Controller, "the controller did not answer for this model")),
            }
        };
        Ok(models.into_iter().map(one).collect())
    }

    /// What was told of a model; one that its controller does not have any more may be forgotten for it.
    async fn settled(&self, row: &Row, told: Result<ModelInfo>) -> Result<ModelInfo> {
        match told {
            Err(error) => Err(self.refused_info(row, error).await),
            told => told,
        }
    }

    async fn refused_info(&self, row: &Row, error: Error) -> Error {
        if !is_gone(&error) {
            return error;
        }
        if row.life != "alive"
            && let Err(e) = self.forget_model(row).await
        {
            return e;
        }
        Error::unauthorized()
    }

    /// The controller's answer under the broker's names.
    pub(crate) async fn merge_info(&self, who: &Requester, row: &Row, info: ModelInfo) -> Result<ModelInfo> {
        let (level, access) = self.model_standing(who, row.uuid).await?;
        let users = self.shown_users(row.uuid, visible(who, level, access)).await?;
        Ok(merged(&Described::from(row), info, level.unwrap_or(ModelAccess::Read), users))
    }

    /// Who may use the model: everybody for its administrators, oneself (and everyone) for the others.
    pub async fn model_users(&self, who: &Requester, tag: &str) -> Result<Vec<ModelUserInfo>> {
        let Looked { row, access, .. } = self.look_at(who, tag).await?;
        self.shown_users(row.uuid, access).await
    }

    async fn shown_users(&self, uuid: Uuid, access: Access) -> Result<Vec<ModelUserInfo>> {
        let names = self.display_names(access.keys().cloned().collect()).await?;
        Ok(users(uuid, access, &names))
    }

    /// What the named are to be called, as far as that is known.
    async fn display_names(&self, names: Vec<String>) -> Result<Arc<BTreeMap<String, String>>> {
        if names.is_empty() {
            return Ok(Arc::default());
        }
        let remembered = &self.descriptions.names;
        let since = remembered.since();
        if let Some(known) = remembered.recall(since, &names) {
            return Ok(known);
        }
        let mut conn = self.store.reader().await?;
        let known = identities::get_many(&mut conn, &names).await?;
        conn.done();
        let known = Arc::new(known.into_iter().map(|identity| (identity.name, identity.display_name)).collect());
        let size = names.len();
        remembered.keep(since, names, Arc::clone(&known), size);
        Ok(known)
    }
}

/// Who may do what with a model.
type Access = BTreeMap<String, Relation>;

/// A model that the caller may read.
struct Looked {
    row: Row,
    level: ModelAccess,
    /// Who else may, as far as the caller may know.
    access: Access,
}

/// What of it the caller may see: administrators everything, the others themselves and everyone.
fn visible(who: &Requester, level: Option<ModelAccess>, mut access: Access) -> Access {
    if level != Some(ModelAccess::Admin) {
        access.retain(|user, _| user == who.name.as_str() || user == EVERYONE);
    }
    access
}

fn users(uuid: Uuid, access: Access, names: &BTreeMap<String, String>) -> Vec<ModelUserInfo> {
    let users = access.into_iter().filter(|(user, _)| user.contains('@')).map(|(user, level)| ModelUserInfo {
        model_tag: format!("model-{uuid}"),
        display_name: names.get(&user).filter(|n| !n.is_empty()).cloned().unwrap_or_else(|| display_name(&user)),
        user,
        last_connection: None,
        access: word(level).to_owned(),
    });
    users.collect()
}

/// Refuses what a controller told of another model than it was asked about.
pub(in crate::broker) fn about(info: &ModelInfo, uuid: Uuid) -> Result<()> {
    if info.uuid == uuid.to_string() {
        return Ok(());
    }
    let told: String = info.uuid.chars().take(64).collect();
    let text = format!("asked about model {uuid}, the controller told of {told:?}: ask its operator");
    Err(Error::new(Kind::Controller, text))
}

/// The controller's answer with the broker's owner, credential and users; machines only for those who may write.
fn merged(model: &Described, mut info: ModelInfo, level: ModelAccess, users: Vec<ModelUserInfo>) -> ModelInfo {
    info.name.clone_from(&model.name);
    info.uuid = model.uuid.to_string();
    info.owner_tag = Some(model.owner_tag.clone());
    info.qualifier = None;
    info.controller_uuid = model.controller_uuid.to_string();
    info.is_controller = false;
    if !model.credential_tag.is_empty() {
        info.cloud_credential_tag.clone_from(&model.credential_tag);
    }
    info.users = users;
    if level < ModelAccess::Write {
        info.machines.clear();
    }
    info
}

/// Juju's word for a relation to a model.
fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Administrator => "admin",
        Relation::Writer => "write",
        _ => "read",
    }
}
