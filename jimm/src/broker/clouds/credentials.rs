//! Cloud credentials: uploaded by their owners, sealed in the store, taken to the controllers whose models use them.
//!
//! A fresh credential goes nowhere; `CreateModel` takes it to the controller it needs it on. Their content is opened only
//! to be sent to a controller or shown to its owner.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::cloud::{
    CloudCredential, RevokeCredentialArg, RevokeCredentialArgs, TaggedCredential, TaggedCredentials,
    UpdateCredentialArgs, UpdateCredentialModelResult, UpdateCredentialResult, UpdateCredentialResults,
};
use jimm_proto::params::common::ErrorResults;
use jimm_proto::tags::Tag;
use jimm_store::credentials::{self, Credential as Row, NewCredential};
use jimm_store::{clouds, models};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::broker::identity::users::{parse_cloud_tag, parse_user_tag};
use crate::broker::remote::{CALL_DEADLINE, CLOUD, is_gone, only_error};
use crate::broker::rights::grants::hide;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};
use crate::secrets;

/// How often what is stored is taken to a controller when it changes meanwhile.
const AGAIN: usize = 5;

/// How an upload treats the models that use the credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CredentialUpdate {
    /// Their controllers check the new content first; what one model refuses is not stored.
    Checked,
    /// Stored whatever the models say.
    Forced,
    /// Only checked.
    CheckOnly,
}

/// What names a credential.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct CredentialId {
    pub(crate) cloud: String,
    pub(crate) owner: String,
    pub(crate) name: String,
}

impl CredentialId {
    /// The credential behind a tag; those of users without a domain are refused.
    pub(crate) fn parse(tag: &str) -> Result<Self> {
        let tag = Tag::credential(tag).map_err(|e| Error::bad_request(e.to_string()))?;
        let owner = parse_user_tag(&tag.owner.tag())?.to_string();
        Ok(Self { cloud: tag.cloud.to_string(), owner, name: tag.name.to_string() })
    }

    pub(crate) fn tag(&self) -> String {
        jimm_proto::tags::credential_tag(&self.cloud, &self.owner, &self.name)
    }

    fn sealed_for(&self) -> String {
        secrets::row("credentials", &format!("{}/{}/{}", self.cloud, self.owner, self.name), "sealed")
    }

    pub(crate) fn not_found(&self) -> Error {
        Error::not_found(format!("cloud credential \"{}/{}/{}\" not found", self.cloud, self.owner, self.name))
    }
}

impl From<&Row> for CredentialId {
    fn from(row: &Row) -> Self {
        Self { cloud: row.cloud.clone(), owner: row.owner.clone(), name: row.name.clone() }
    }
}

impl Broker {
    /// Uploads or checks a credential. Failures are in the result, as clients of this call expect them.
    pub async fn update_credential(
        &self,
        who: &Requester,
        upload: TaggedCredential,
        how: CredentialUpdate,
    ) -> UpdateCredentialResult {
        let tag = upload.tag.clone();
        let mut result = UpdateCredentialResult { tag, error: None, models: Vec::new() };
        if let Err(e) = self.try_update_credential(who, upload, how, &mut result.models).await {
            result.error = Some(e.to_wire());
        }
        result
    }

    async fn try_update_credential(
        &self,
        who: &Requester,
        upload: TaggedCredential,
        how: CredentialUpdate,
        told: &mut Vec<UpdateCredentialModelResult>,
    ) -> Result<()> {
        let id = CredentialId::parse(&upload.tag)?;
        self.require_self_or_admin(who, &id.owner).await?;
        let controllers = {
            let mut conn = self.store.acquire().await?;
            if clouds::get(&mut conn, &id.cloud).await?.is_none() {
                return Err(Error::not_found(format!("cloud \"{}\" not found", id.cloud)));
            }
            let using = models::using_credential(&mut conn, &id.cloud, &id.owner, &id.name).await?;
            using.into_iter().map(|row| row.controller_uuid).collect::<BTreeSet<_>>()
        };
        if how != CredentialUpdate::Forced {
            self.check_credential(&controllers, &upload, told).await?;
        }
        if how == CredentialUpdate::CheckOnly {
            return Ok(());
        }
        self.store_credential(&id, &upload.credential).await?;
        tracing::info!(credential = %upload.tag, requester = %who.name, "credential stored");
        self.spread_credential(&id, how, told).await
    }

    /// Lets the controllers try the new content on their models.
    async fn check_credential(
        &self,
        controllers: &BTreeSet<Uuid>,
        upload: &TaggedCredential,
        told: &mut Vec<UpdateCredentialModelResult>,
    ) -> Result<()> {
        let params = TaggedCredentials { credentials: vec![upload.clone()] };
        for (_, answer) in self.ask_all(controllers, "CheckCredentialsModels", &params).await {
            let answer: UpdateCredentialResults = answer?;
            let mut result = answer.results.into_iter().next().unwrap_or_default();
            told.append(&mut result.models);
            if let Some(e) = result.error {
                return Err(Error::from_controller(e));
            }
        }
        if told.iter().any(|model| model.errors.iter().any(|r| r.error.is_some())) {
            return Err(Error::bad_request("some models refuse the new credential: use --force to store it anyway"));
        }
        Ok(())
    }

    /// Takes the stored content to the controllers that need it, and to those that came to need it meanwhile: a model may
    /// just be made with it, or be on its way.
    async fn spread_credential(
        &self,
        id: &CredentialId,
        how: CredentialUpdate,
        told: &mut Vec<UpdateCredentialModelResult>,
    ) -> Result<()> {
        let (mut has, mut failed) = (BTreeSet::new(), None);
        for _ in 0..AGAIN {
            let homes = {
                let mut conn = self.store.acquire().await?;
                credentials::homes(&mut conn, &id.cloud, &id.owner, &id.name).await?
            };
            let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
            for home in homes.into_iter().filter(|home| has.insert(*home)) {
                asked.push(Box::pin(async move { (home, self.push_stored(home, id).await) }));
            }
            if asked.is_empty() {
                break;
            }
            for (home, result) in join_all(asked).await {
                match result {
                    Ok(mut models) if how == CredentialUpdate::Forced => told.append(&mut models),
                    Ok(_) => {}
                    Err(e) => {
                        let text = format!("credential stored, but controller {home} did not take it, try again: {e}");
                        failed = Some(Error::new(e.kind(), text).with_code(e.juju_code()));
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Calls a method of `Cloud` on several controllers at once.
    async fn ask_all<P: Serialize + Sync, R: DeserializeOwned + Send>(
        &self,
        controllers: &BTreeSet<Uuid>,
        method: &str,
        params: &P,
    ) -> Vec<(Uuid, Result<R>)> {
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::with_capacity(controllers.len());
        for controller in controllers.iter().copied() {
            asked.push(Box::pin(async move {
                (controller, self.ask(controller, CLOUD, method, params, CALL_DEADLINE).await)
            }));
        }
        join_all(asked).await
    }

    async fn store_credential(&self, id: &CredentialId, credential: &CloudCredential) -> Result<()> {
        let plain = serde_json::to_vec(&credential.attrs).map_err(Error::internal)?;
        let sealed =
            if credential.attrs.is_empty() { None } else { Some(self.secrets.seal(&id.sealed_for(), &plain).await?) };
        let new = NewCredential {
            cloud: id.cloud.clone(),
            owner: id.owner.clone(),
            name: id.name.clone(),
            auth_type: credential.auth_type.clone(),
            sealed,
            valid: Some(true),
        };
        let mut tx = self.store.begin().await?;
        credentials::put(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The credential's row.
    pub(crate) async fn credential_row(&self, id: &CredentialId) -> Result<Row> {
        let mut conn = self.store.acquire().await?;
        credentials::get(&mut conn, &id.cloud, &id.owner, &id.name).await?.ok_or_else(|| id.not_found())
    }

    /// The attributes of a stored credential, secrets and all.
    pub(crate) async fn open_credential(&self, row: &Row) -> Result<BTreeMap<String, String>> {
        let Some(sealed) = &row.sealed else { return Ok(BTreeMap::new()) };
        let plain = self.secrets.open(&CredentialId::from(row).sealed_for(), sealed).await?;
        serde_json::from_slice(plain.expose_secret()).map_err(Error::internal)
    }

    /// The credential in the form controllers take.
    pub(crate) async fn tagged_credential(&self, id: &CredentialId) -> Result<TaggedCredential> {
        self.tagged(&self.credential_row(id).await?).await
    }

    async fn tagged(&self, row: &Row) -> Result<TaggedCredential> {
        let attrs = self.open_credential(row).await?;
        let credential = CloudCredential { auth_type: row.auth_type.clone(), attrs, redacted: Vec::new() };
        Ok(TaggedCredential { tag: CredentialId::from(row).tag(), credential })
    }

    /// Takes a stored credential to a controller.
    pub(crate) async fn push_credential(&self, controller: Uuid, id: &CredentialId) -> Result<()> {
        self.push_stored(controller, id).await.map(drop)
    }

    /// The same, and tells what the controller says of its models. Somebody else may upload another content meanwhile, whose
    /// way to the controller is shorter: what is stored in the end is what the controller has in the end.
    async fn push_stored(&self, controller: Uuid, id: &CredentialId) -> Result<Vec<UpdateCredentialModelResult>> {
        let mut row = self.credential_row(id).await?;
        for _ in 0..AGAIN {
            let params = UpdateCredentialArgs { credentials: vec![self.tagged(&row).await?], force: true };
            let answer: UpdateCredentialResults =
                self.ask(controller, CLOUD, "UpdateCredentialsCheckModels", &params, CALL_DEADLINE).await?;
            let models = taken(answer)?;
            let now = self.credential_row(id).await?;
            if (&now.auth_type, &now.sealed) == (&row.auth_type, &row.sealed) {
                return Ok(models);
            }
            row = now;
        }
        Err(Error::new(Kind::Conflict, "the credential is changed again and again: upload it once more"))
    }

    /// The tags of a user's credentials for a cloud.
    pub async fn user_credentials(&self, who: &Requester, user_tag: &str, cloud_tag: &str) -> Result<Vec<String>> {
        let user = parse_user_tag(user_tag)?.to_string();
        let cloud = parse_cloud_tag(cloud_tag)?;
        self.require_self_or_admin(who, &user).await?;
        let mut conn = self.store.acquire().await?;
        let rows = credentials::of_owner_and_cloud(&mut conn, &user, &cloud).await?;
        Ok(rows.iter().map(|row| CredentialId::from(row).tag()).collect())
    }

    /// Takes a credential away: from the controllers of its cloud, then from the store. Only its owner may. One that is
    /// not there is no error; one that models use needs `force`.
    pub async fn revoke_credential(&self, who: &Requester, tag: &str, force: bool) -> Result<()> {
        let id = CredentialId::parse(tag)?;
        if id.owner != who.name.as_str() {
            return Err(Error::unauthorized());
        }
        let (row, controllers) = {
            let mut conn = self.store.acquire().await?;
            let Some(row) = credentials::get(&mut conn, &id.cloud, &id.owner, &id.name).await? else { return Ok(()) };
            let using = credentials::uses(&mut conn, &id.cloud, &id.owner, &id.name).await?;
            if using > 0 && !force {
                return Err(still_used(using));
            }
            let serving = clouds::priorities(&mut conn, &id.cloud).await?;
            (row, serving.into_iter().map(|p| p.controller_uuid).collect::<BTreeSet<_>>())
        };
        let params = RevokeCredentialArgs { credentials: vec![RevokeCredentialArg { tag: id.tag(), force }] };
        for (_, answer) in self.ask_all(&controllers, "RevokeCredentialsCheckModels", &params).await {
            match answer.and_then(|a: ErrorResults| only_error(a)) {
                Ok(()) => {}
                Err(e) if is_gone(&e) => {}
                Err(e) => return Err(e),
            }
        }
        self.remove_credential(&id, &row, force).await?;
        self.discard(row.sealed.as_deref()).await;
        tracing::info!(credential = %id.tag(), requester = %who.name, "credential revoked");
        Ok(())
    }

    /// Removes the credential that was read, unless somebody has come to need it since.
    async fn remove_credential(&self, id: &CredentialId, read: &Row, force: bool) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let Some(row) = credentials::get_for_update(&mut tx, &id.cloud, &id.owner, &id.name).await? else {
            return Ok(());
        };
        if row.sealed != read.sealed {
            return Err(Error::new(Kind::Conflict, "the credential was uploaded anew meanwhile: revoke it again"));
        }
        let using = credentials::uses(&mut tx, &id.cloud, &id.owner, &id.name).await?;
        if using > 0 && !force {
            return Err(still_used(using));
        }
        credentials::delete(&mut tx, &id.cloud, &id.owner, &id.name).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Oneself, or an administrator for somebody else.
    pub(crate) async fn require_self_or_admin(&self, who: &Requester, user: &str) -> Result<()> {
        if who.name.as_str() == user { Ok(()) } else { self.require_admin(who).await.map_err(hide) }
    }
}

fn still_used(using: i64) -> Error {
    Error::bad_request(format!("cloud credential still used by {using} model(s)"))
}

/// What a controller that took a credential says of its models.
fn taken(answer: UpdateCredentialResults) -> Result<Vec<UpdateCredentialModelResult>> {
    match answer.results.into_iter().next() {
        Some(UpdateCredentialResult { error: Some(e), .. }) => Err(Error::from_controller(e)),
        Some(result) => Ok(result.models),
        None => Err(Error::new(Kind::Controller, "the controller did not say whether it took the credential")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_cloud_owner_and_name() {
        let id = CredentialId::parse("cloudcred-aws_alice@example.com_default").expect("valid");
        assert_eq!((id.cloud.as_str(), id.owner.as_str(), id.name.as_str()), ("aws", "alice@example.com", "default"));
        assert_eq!(id.tag(), "cloudcred-aws_alice@example.com_default");
        assert!(CredentialId::parse("cloudcred-aws_bob_default").is_err());
        assert!(CredentialId::parse("cloud-aws").is_err());
    }
}
