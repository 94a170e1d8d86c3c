//! Finding or making the store, and the model in it.

use std::time::Duration;

use openfga_client::client::{
    CreateStoreRequest, GetStoreRequest, ListStoresRequest, ReadAuthorizationModelRequest,
    ReadAuthorizationModelsRequest, WriteAuthorizationModelRequest,
};

use super::{Observer, OpenFga, OpenFgaSettings, channel, model};
use crate::authorizer::{Error, Result};

/// How long one step of the setting up may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Models of a store that are looked at: releases come slowly.
const MODELS: i32 = 50;

impl OpenFga {
    /// Connects; finds the store that `known` or the settings name, or makes one of that name; finds this release's model
    /// in it, or writes it there. Two that do so at once may make two stores: the caller sees to it that one does.
    pub async fn open(settings: &OpenFgaSettings, known: Option<&str>, observer: Observer) -> Result<Self> {
        let client = channel::client(settings)?;
        let mut this = Self { client, store: String::new(), model: String::new(), observer };
        this.store = this.find_store(&settings.store, known).await?;
        this.model = match &settings.model {
            Some(id) => this.given_model(id).await?,
            None => this.find_model().await?,
        };
        Ok(this)
    }

    /// Whether the server answers and has the store.
    pub async fn ping(&self) -> Result<()> {
        self.has_store(&self.store).await
    }

    async fn has_store(&self, id: &str) -> Result<()> {
        let request = GetStoreRequest { store_id: id.to_owned() };
        self.call("GetStore", PATIENCE, request, async |mut client, request| client.get_store(request).await)
            .await
            .map(|_| ())
    }

    async fn find_store(&self, wanted: &str, known: Option<&str>) -> Result<String> {
        if is_id(wanted) {
            self.has_store(wanted).await?;
            return Ok(wanted.to_owned());
        }
        let mut found: Vec<String> = Vec::new();
        let mut continuation_token = String::new();
        loop {
            let request = ListStoresRequest { page_size: Some(100), continuation_token, name: wanted.to_owned() };
            let ask = async |mut client: super::Client, request| client.list_stores(request).await;
            let page = self.call("ListStores", PATIENCE, request, ask).await?;
            found.extend(page.stores.into_iter().filter(|store| store.name == wanted).map(|store| store.id));
            continuation_token = page.continuation_token;
            if continuation_token.is_empty() {
                break;
            }
        }
        if let Some(known) = known.filter(|known| found.iter().any(|id| id == known)) {
            return Ok(known.to_owned());
        }
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one.clone()),
            many => {
                let text = format!("OPENFGA_STORE names {} stores called {wanted}: give the id of one", many.len());
                return Err(Error::OpenFgaSettings(text));
            }
        }
        let request = CreateStoreRequest { name: wanted.to_owned() };
        let made = self
            .call("CreateStore", PATIENCE, request, async |mut client, request| client.create_store(request).await)
            .await?;
        Ok(made.id)
    }

    async fn given_model(&self, id: &str) -> Result<String> {
        let request = ReadAuthorizationModelRequest { store_id: self.store.clone(), id: id.to_owned() };
        let ask = async |mut client: super::Client, request| client.read_authorization_model(request).await;
        let found = self.call("ReadAuthorizationModel", PATIENCE, request, ask).await?;
        let types = found.authorization_model.map(|model| model.type_definitions).unwrap_or_default();
        if model::same(&types, &model::type_definitions()) {
            return Ok(id.to_owned());
        }
        let text = format!("OPENFGA_AUTH_MODEL names {id}, which is not this release's model: leave it unset");
        Err(Error::OpenFgaSettings(text))
    }

    async fn find_model(&self) -> Result<String> {
        let ours = model::type_definitions();
        let request = ReadAuthorizationModelsRequest {
            store_id: self.store.clone(),
            page_size: Some(MODELS),
            continuation_token: String::new(),
        };
        let ask = async |mut client: super::Client, request| client.read_authorization_models(request).await;
        let models = self.call("ReadAuthorizationModels", PATIENCE, request, ask).await?.authorization_models;
        if let Some(same) = models.into_iter().find(|found| model::same(&found.type_definitions, &ours)) {
            return Ok(same.id);
        }
        let request = WriteAuthorizationModelRequest {
            store_id: self.store.clone(),
            type_definitions: ours,
            schema_version: model::SCHEMA.to_owned(),
            conditions: std::collections::HashMap::new(),
        };
        let ask = async |mut client: super::Client, request| client.write_authorization_model(request).await;
        Ok(self.call("WriteAuthorizationModel", PATIENCE, request, ask).await?.authorization_model_id)
    }
}

/// Whether the text is an id as OpenFGA gives them.
fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|letter| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names() {
        assert!(is_id("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
        for name in ["jimm", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01arz3ndektsv4rrffq69g5fav"] {
            assert!(!is_id(name), "{name}");
        }
    }
}
