//! From what an operator calls a model to its record.

use jimm_authz::{Object, Relation};
use jimm_proto::names::{ModelName, UserName};
use jimm_proto::tags::Tag;
use jimm_store::models::{self, Model};
use uuid::Uuid;

use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// The model that `model-UUID`, a bare UUID or `owner/name` names. Rights are checked by who asks.
    pub(crate) async fn find_model(&self, called: &str) -> Result<Model> {
        let mut conn = self.store.acquire().await?;
        let row = match parse(called)? {
            Called::Uuid(uuid) => models::get(&mut conn, uuid).await?,
            Called::Name(owner, name) => models::get_by_name(&mut conn, owner.as_str(), name.as_str()).await?,
        };
        row.filter(|row| row.mode != models::MODE_CREATING).ok_or_else(|| Error::not_found("model not found"))
    }

    /// The same, when the caller has that relation to it. Only administrators of the broker learn that there is none.
    pub(crate) async fn find_model_for(&self, who: &Requester, relation: Relation, called: &str) -> Result<Model> {
        match self.find_model(called).await {
            Ok(model) => self.require(who, relation, &Object::model(model.uuid)).await.map(|_| model),
            Err(e) if e.kind() == Kind::NotFound => self.require_admin(who).await.and(Err(e)),
            Err(e) => Err(e),
        }
    }
}

enum Called {
    Uuid(Uuid),
    Name(UserName, ModelName),
}

fn parse(called: &str) -> Result<Called> {
    if let Ok(uuid) = Tag::model(called) {
        return Ok(Called::Uuid(uuid));
    }
    if let Ok(uuid) = Uuid::try_parse(called) {
        return Ok(Called::Uuid(uuid));
    }
    let (owner, name) = called.split_once('/').ok_or_else(|| {
        Error::bad_request(format!("invalid model target: {called:?} is neither a UUID nor of the form owner/name"))
    })?;
    let owner = owner.parse().map_err(|_| Error::bad_request(format!("invalid user name {owner:?}")))?;
    let name = name.parse().map_err(|_| Error::bad_request(format!("invalid model name {name:?}")))?;
    Ok(Called::Name(owner, name))
}
