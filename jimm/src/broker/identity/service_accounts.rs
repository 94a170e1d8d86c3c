//! Service accounts: who administers one, and the cloud credentials that are kept for it.
//!
//! The identity provider makes service accounts and proves them; the broker knows whose they are. Who administers one may
//! keep its credentials and let others do so; logging in as the account takes its secret all the same.

use jimm_authz::{Object, ObjectKind, Relation, Subject};
use jimm_proto::names::UserName;
use jimm_proto::params::cloud::{
    CloudCredentialArgs, ControllerCredentialInfo, TaggedCredential, UpdateCredentialResult,
};
use jimm_proto::params::jimm_accounts::{
    CopyServiceAccountCredentialRequest, GrantServiceAccountAccessRequest, ListServiceAccountCredentialsRequest,
};
use jimm_store::{credentials, identities, tuples};

use crate::broker::clouds::credentials::CredentialId;
use crate::broker::rights::tags::{Known, take_apart};
use crate::broker::{Broker, CredentialUpdate, Requester};
use crate::error::{Error, Kind, Result};
use crate::user_names::service_account;

/// Users and groups of one call at most.
const GRANTED: usize = 1000;

impl Broker {
    /// Makes the caller the administrator of a service account that has none. One that is in use already may have been
    /// meant for somebody else: that is for administrators of the broker.
    pub async fn add_service_account(&self, who: &Requester, client_id: &str) -> Result<()> {
        let account = service_account(client_id)?;
        let object = object(&account);
        if self.allowed(who, Relation::Administrator, &object).await? {
            return Ok(());
        }
        let may_take_any = self.is_admin(who).await? || account == who.name;
        let is_broker_admin = self.user_has(account.as_str(), Relation::Administrator, &self.own_object()).await?;
        let mut tx = self.store.begin().await?;
        identities::ensure(&mut tx, account.as_str()).await?;
        // Of two who come at once one is first.
        let known = identities::lock(&mut tx, account.as_str()).await?;
        let on = [(object.kind.as_str().to_owned(), object.id.clone())];
        if !tuples::on_objects(&mut tx, &on).await?.is_empty() {
            return Err(Error::new(Kind::AlreadyExists, "service account already owned"));
        }
        let has_credentials = !credentials::of_owner(&mut tx, account.as_str()).await?.is_empty();
        let in_use = is_broker_admin || has_credentials || known.is_some_and(|row| row.last_login.is_some());
        if in_use && !may_take_any {
            let text = format!(
                "service account {account} is in use already: ask an administrator of the broker to add it and to grant you access"
            );
            return Err(Error::new(Kind::Unauthorized, text));
        }
        self.add_tuple(&mut tx, Subject::user(who.name.as_str()), Relation::Administrator, &object).await?;
        tx.commit().await?;
        tracing::info!(account = %account, requester = %who.name, "service account added");
        Ok(())
    }

    /// Lets users and groups administer a service account too, all or none.
    pub async fn grant_service_account_access(
        &self,
        who: &Requester,
        request: &GrantServiceAccountAccessRequest,
    ) -> Result<()> {
        let account = self.administered(who, &request.client_id).await?;
        if request.entities.is_empty() || request.entities.len() > GRANTED {
            return Err(Error::bad_request(format!("name users or groups, from one to {GRANTED} at a time")));
        }
        let object = object(&account);
        let mut tx = self.store.begin().await?;
        for entity in &request.entities {
            let subject = self.grantee(&mut tx, entity).await?;
            if let Subject::User(name) = &subject {
                self.ensure_identity(&mut tx, name).await?;
            }
            self.add_tuple(&mut tx, subject, Relation::Administrator, &object).await?;
        }
        tx.commit().await?;
        tracing::info!(account = %account, entities = ?request.entities, requester = %who.name, "access to service account granted");
        Ok(())
    }

    /// The account's credentials, with their secrets only when asked for.
    pub async fn service_account_credentials(
        &self,
        who: &Requester,
        request: ListServiceAccountCredentialsRequest,
    ) -> Result<Vec<Result<ControllerCredentialInfo>>> {
        let account = self.administered(who, &request.client_id).await?;
        if request.include_secrets {
            tracing::info!(account = %account, requester = %who.name, "secrets of a service account's credentials shown");
        }
        let args = CloudCredentialArgs { credentials: request.credentials, include_secrets: request.include_secrets };
        self.credential_contents(&on_behalf(who, account), args).await
    }

    /// Uploads credentials of the account. Failures are in the results.
    pub async fn update_service_account_credentials(
        &self,
        who: &Requester,
        client_id: &str,
        uploads: Vec<TaggedCredential>,
        force: bool,
    ) -> Result<Vec<UpdateCredentialResult>> {
        let account = self.administered(who, client_id).await?;
        let how = if force { CredentialUpdate::Forced } else { CredentialUpdate::Checked };
        let mut results = Vec::with_capacity(uploads.len());
        for upload in uploads {
            results.push(match CredentialId::parse(&upload.tag) {
                Ok(id) if id.owner == account.as_str() => {
                    self.update_credential(&on_behalf(who, account.clone()), upload, how).await
                }
                parsed => {
                    let error = parsed.err().unwrap_or_else(|| {
                        Error::bad_request(format!("{} is not a credential of {account}", upload.tag))
                    });
                    UpdateCredentialResult { tag: upload.tag, error: Some(error.to_wire()), models: Vec::new() }
                }
            });
        }
        Ok(results)
    }

    /// Gives the account a copy of a credential of the caller's.
    pub async fn copy_service_account_credential(
        &self,
        who: &Requester,
        request: &CopyServiceAccountCredentialRequest,
    ) -> Result<UpdateCredentialResult> {
        let account = self.administered(who, &request.client_id).await?;
        let id = |owner: &UserName| CredentialId {
            cloud: request.cloud_name.clone(),
            owner: owner.to_string(),
            name: request.credential_name.clone(),
        };
        let own = self.tagged_credential(&id(&who.name)).await?;
        let copy = TaggedCredential { tag: id(&account).tag(), credential: own.credential };
        Ok(self.update_credential(&on_behalf(who, account), copy, CredentialUpdate::Checked).await)
    }

    /// The account of a client id, if the caller administers it or is it.
    async fn administered(&self, who: &Requester, client_id: &str) -> Result<UserName> {
        let account = service_account(client_id)?;
        if account != who.name {
            self.require(who, Relation::Administrator, &object(&account)).await?;
        }
        Ok(account)
    }

    /// Who is named by `user-…` or `group-…`.
    async fn grantee(&self, tx: &mut jimm_store::Tx, tag: &str) -> Result<Subject> {
        let invalid = || Error::bad_request("invalid entity - not user or group");
        let kind = take_apart(tag).map_err(|_| invalid())?.kind;
        let subject = match kind {
            ObjectKind::User => self.parse_subject(tx, &mut Known::default(), tag).await?,
            ObjectKind::Group if tag.contains('#') => self.parse_subject(tx, &mut Known::default(), tag).await?,
            ObjectKind::Group => self.parse_subject(tx, &mut Known::default(), &format!("{tag}#member")).await?,
            _ => return Err(invalid()),
        };
        let (kind, id, relation) = subject.parts();
        // Everybody would be a strange administrator, and a mistake.
        match (kind, id, relation) {
            ("user", "*", _) => Err(invalid()),
            ("user", ..) | ("group", _, "member") => Ok(subject),
            _ => Err(invalid()),
        }
    }
}

fn object(account: &UserName) -> Object {
    Object::new(ObjectKind::ServiceAccount, account.to_string())
}

/// What is done for the account is done as the account.
fn on_behalf(who: &Requester, account: UserName) -> Requester {
    Requester { name: account, groups: Vec::new(), ..who.clone() }
}
