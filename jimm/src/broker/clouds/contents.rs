//! What of a credential is shown to whom.

use jimm_proto::params::cloud::{
    CloudCredential, CloudCredentialArg, CloudCredentialArgs, ControllerCredentialInfo, CredentialContent, ModelAccess,
};
use jimm_store::credentials::{self, Credential as Row};
use jimm_store::{clouds, models};

use super::attributes::redact;
use super::credentials::CredentialId;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

impl Broker {
    /// A credential without its secrets, whose names are told.
    pub async fn credential(&self, who: &Requester, tag: &str) -> Result<CloudCredential> {
        let id = CredentialId::parse(tag)?;
        self.require_self_or_admin(who, &id.owner).await?;
        let row = self.credential_row(&id).await?;
        let (attrs, redacted) =
            redact(&self.cloud_type(&row.cloud).await?, &row.auth_type, self.open_credential(&row).await?);
        Ok(CloudCredential { auth_type: row.auth_type, attrs, redacted })
    }

    /// The caller's own credentials, all of them when none is named, with the models that use them.
    pub async fn credential_contents(
        &self,
        who: &Requester,
        args: CloudCredentialArgs,
    ) -> Result<Vec<Result<ControllerCredentialInfo>>> {
        let mut conn = self.store.acquire().await?;
        let owned = credentials::of_owner(&mut conn, who.name.as_str()).await?;
        drop(conn);
        if args.credentials.is_empty() {
            let mut contents = Vec::with_capacity(owned.len());
            for row in &owned {
                contents.push(self.content(who, row, args.include_secrets).await);
            }
            return Ok(contents);
        }
        let mut contents = Vec::with_capacity(args.credentials.len());
        for CloudCredentialArg { cloud_name, credential_name } in &args.credentials {
            contents.push(match owned.iter().find(|r| r.cloud == *cloud_name && r.name == *credential_name) {
                Some(row) => self.content(who, row, args.include_secrets).await,
                None => Err(Error::not_found(format!("cloud credential \"{cloud_name}/{credential_name}\" not found"))),
            });
        }
        Ok(contents)
    }

    async fn content(&self, who: &Requester, row: &Row, secrets: bool) -> Result<ControllerCredentialInfo> {
        let attributes = self.open_credential(row).await?;
        let attrs = if secrets {
            attributes
        } else {
            redact(&self.cloud_type(&row.cloud).await?, &row.auth_type, attributes).0
        };
        let mut conn = self.store.acquire().await?;
        let using = models::using_credential(&mut conn, &row.cloud, &row.owner, &row.name).await?;
        drop(conn);
        let mut users = Vec::with_capacity(using.len());
        for model in using {
            let access = self.model_access(who, model.uuid).await?.map(|a| a.to_string()).unwrap_or_default();
            users.push(ModelAccess { model: model.name, access });
        }
        let content = CredentialContent {
            name: row.name.clone(),
            cloud: row.cloud.clone(),
            auth_type: row.auth_type.clone(),
            valid: row.valid.unwrap_or(true),
            attrs,
        };
        Ok(ControllerCredentialInfo { content, models: users })
    }

    async fn cloud_type(&self, cloud: &str) -> Result<String> {
        let mut conn = self.store.acquire().await?;
        Ok(clouds::get(&mut conn, cloud).await?.map(|c| c.kind).unwrap_or_default())
    }
}
