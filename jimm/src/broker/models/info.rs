//! One model in full: what its controller tells, under the broker's names and with the broker's users.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use jimm_authz::Relation;
use jimm_proto::access::ModelAccess;
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::model_manager::{ModelInfo, ModelInfoResults, ModelUserInfo};
use jimm_store::identities;
use jimm_store::models::Model as Row;
use uuid::Uuid;

use super::visible::{credential_tag, user_tag};
use crate::broker::identity::users::{display_name, parse_model_tag};
use crate::broker::remote::{CALL_DEADLINE, MODEL_MANAGER, is_gone};
use crate::broker::rights::access::EVERYONE;
use crate::broker::rights::grants::hide;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Models that are asked for at a time.
const AT_A_TIME: usize = 16;

impl Broker {
    /// Models in full, asked of their controllers side by side.
    pub async fn model_infos(&self, who: &Requester, tags: &[String]) -> Vec<Result<ModelInfo>> {
        let mut infos = Vec::with_capacity(tags.len());
        for some in tags.chunks(AT_A_TIME) {
            let asked: Vec<BoxFuture<'_, _>> = some.iter().map(|tag| self.model_info(who, tag).boxed()).collect();
            infos.extend(join_all(asked).await);
        }
        infos
    }

    /// Nobody else's model is asked about; the controller's answer and the broker's own knowledge are waited for together.
    async fn model_info(&self, who: &Requester, tag: &str) -> Result<ModelInfo> {
        let uuid = parse_model_tag(tag)?;
        let (level, access) = self.readable(who, uuid).await?;
        let (asked, users) =
            tokio::join!(self.at_home(uuid, |home| self.ask_info(home, uuid)), self.shown_users(uuid, access));
        let Some((row, told)) = asked? else { return Err(Error::unauthorized()) };
        match told {
            Ok(info) => Ok(merged(&row, info, level, users?)),
            Err(error) => Err(self.refused_info(&row, error).await),
        }
    }

    /// What the caller may do with a model, and who else may as far as the caller may know. Who may not read it is
    /// unauthorized, whether it exists or not.
    async fn readable(&self, who: &Requester, uuid: Uuid) -> Result<(ModelAccess, Access)> {
        let (level, access) = self.model_standing(who, uuid).await?;
        let level = level.ok_or_else(Error::unauthorized)?;
        Ok((level, visible(who, Some(level), access)))
    }

    async fn ask_info(&self, controller: Uuid, uuid: Uuid) -> Result<ModelInfo> {
        let params = Entities { entities: vec![Entity { tag: format!("model-{uuid}") }] };
        let answer: ModelInfoResults = self.ask(controller, MODEL_MANAGER, "ModelInfo", &params, CALL_DEADLINE).await?;
        let told = answer.results.into_iter().next().unwrap_or_default();
        match (told.result, told.error) {
            (_, Some(e)) => Err(Error::from_controller(e)),
            (Some(info), None) => about(&info, uuid).map(|()| info),
            (None, None) => Err(Error::new(Kind::Controller, "the controller did not answer for this model")),
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
        Ok(merged(row, info, level.unwrap_or(ModelAccess::Read), users))
    }

    /// Who may use the model: everybody for its administrators, oneself (and everyone) for the others.
    pub async fn model_users(&self, who: &Requester, tag: &str) -> Result<Vec<ModelUserInfo>> {
        let uuid = parse_model_tag(tag)?;
        let (row, readable) = tokio::join!(self.model_row(uuid), self.readable(who, uuid));
        let (_, access) = readable?;
        row.map_err(hide)?;
        self.shown_users(uuid, access).await
    }

    async fn shown_users(&self, uuid: Uuid, access: Access) -> Result<Vec<ModelUserInfo>> {
        let names = self.display_names(access.keys().cloned().collect()).await?;
        Ok(users(uuid, access, &names))
    }

    /// What the named are to be called, as far as that is known.
    async fn display_names(&self, names: Vec<String>) -> Result<BTreeMap<String, String>> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut conn = self.store.reader().await?;
        let known = identities::get_many(&mut conn, &names).await?;
        conn.done();
        Ok(known.into_iter().map(|identity| (identity.name, identity.display_name)).collect())
    }
}

/// Who may do what with a model.
type Access = BTreeMap<String, Relation>;

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
fn merged(row: &Row, mut info: ModelInfo, level: ModelAccess, users: Vec<ModelUserInfo>) -> ModelInfo {
    info.name.clone_from(&row.name);
    info.uuid = row.uuid.to_string();
    info.owner_tag = Some(user_tag(&row.owner));
    info.qualifier = None;
    info.controller_uuid = row.controller_uuid.to_string();
    info.is_controller = false;
    let credential = credential_tag(row);
    if !credential.is_empty() {
        info.cloud_credential_tag = credential;
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
