//! From what an operator calls a model to its record.

use jimm_proto::names::{ModelName, UserName};
use jimm_proto::tags::Tag;
use jimm_store::models::{self, Model};
use uuid::Uuid;

use crate::broker::Broker;
use crate::error::{Error, Result};

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
