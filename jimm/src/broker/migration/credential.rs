//! The model's credential on the target of a move.
//!
//! A 4.1 source sends the credential along with the model. Its target makes one that it does not have, takes one that is
//! there with the same content, and refuses the model, long after the source had agreed, when the contents differ; one
//! without attributes it always finds different (measured).

use jimm_proto::params::cloud::{CloudCredentialResults, RevokeCredentialArg, RevokeCredentialArgs};
use jimm_proto::params::common::{Entities, Entity, ErrorResults};
use jimm_proto::params::model_manager::ModelSummary;
use jimm_proto::version::AgentVersion;
use jimm_store::models::{self, Model};
use uuid::Uuid;

use super::facts::Told;
use crate::broker::Broker;
use crate::broker::clouds::credentials::CredentialId;
use crate::broker::remote::{CALL_DEADLINE, CLOUD, is_gone, only_error};
use crate::error::{Error, Kind, Result};

/// Sources from this series on send the credential along.
const SENDS_CREDENTIALS: (u32, u32) = (4, 1);

impl Broker {
    /// Why the target, which has these models, would refuse another one for its credential.
    pub(super) async fn credential_in_the_way(&self, model: &Model, there: &[ModelSummary]) -> Result<Option<String>> {
        let Some(id) = self.sent_credential(model).await? else { return Ok(None) };
        let tag = id.tag();
        let Some(user) = there.iter().find(|other| other.cloud_credential_tag == tag) else { return Ok(None) };
        if self.has_attributes(&id).await? {
            return Ok(None);
        }
        Ok(Some(format!(
            "model {} on the target uses the same credential {tag}, which has no attributes, and Juju 4.1 refuses to bring such a \
             credential twice: give the model another credential with \"juju set-credential\"",
            user.name
        )))
    }

    /// Makes the credential on the target, if it has one, such that it takes the model.
    pub(super) async fn fit_credential(&self, model: Uuid, target: Uuid) -> Result<()> {
        let model = models::get(&mut *self.store.acquire().await?, model).await?.ok_or_else(Error::model_not_found)?;
        let Some(id) = self.sent_credential(&model).await? else { return Ok(()) };
        if !self.is_there(target, &id).await? {
            return Ok(());
        }
        if self.has_attributes(&id).await? {
            return self.push_credential(target, &id).await;
        }
        let params = RevokeCredentialArgs { credentials: vec![RevokeCredentialArg { tag: id.tag(), force: false }] };
        let answer: ErrorResults =
            self.ask(target, CLOUD, "RevokeCredentialsCheckModels", &params, CALL_DEADLINE).await?;
        // The models that the target lists were looked at before.
        only_error(answer).map_err(|e| {
            let why = format!(
                "it says \"{e}\", of a model that it does not list: one that is being removed, or half imported. The credential has \
                 no attributes, and Juju 4.1 refuses to bring such a one twice: try again when that model is gone (\"jimmctl doctor\" \
                 finds half imports), or give this one another credential with \"juju set-credential\""
            );
            Error::new(e.kind(), why)
        })
    }

    /// The credential that the source will send: none from a source that sends none, and none of which we know nothing.
    async fn sent_credential(&self, model: &Model) -> Result<Option<CredentialId>> {
        let source = self.slot(model.controller_uuid).await?.service().await?;
        let version: AgentVersion = source.login().server_version.parse().unwrap_or_default();
        let (Some(owner), Some(name)) = (&model.credential_owner, &model.credential_name) else { return Ok(None) };
        let id = CredentialId { cloud: model.cloud.clone(), owner: owner.clone(), name: name.clone() };
        if version.series() < SENDS_CREDENTIALS {
            return Ok(None);
        }
        // The record of an adopted model may name another one than its controller knows.
        match self.ask_about_model(model.controller_uuid, model.uuid).await? {
            Told::Has(info) if info.cloud_credential_tag == id.tag() => Ok(Some(id)),
            _ => Ok(None),
        }
    }

    async fn has_attributes(&self, id: &CredentialId) -> Result<bool> {
        Ok(self.credential_row(id).await?.sealed.is_some())
    }

    async fn is_there(&self, controller: Uuid, id: &CredentialId) -> Result<bool> {
        let entities = Entities { entities: vec![Entity { tag: id.tag() }] };
        let answer: CloudCredentialResults =
            self.ask(controller, CLOUD, "Credential", &entities, CALL_DEADLINE).await?;
        let result = answer.results.into_iter().next().unwrap_or_default();
        match result.error.map(Error::from_controller) {
            None => Ok(result.result.is_some()),
            Some(e) if is_gone(&e) || e.kind() == Kind::Unauthorized => Ok(false),
            Some(e) => Err(e),
        }
    }
}
