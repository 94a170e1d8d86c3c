//! Models as operators list them: which controller hosts each, and how it was last seen. No controller is asked.

use jimm_authz::{Object, Relation};
use jimm_proto::params::jimm::{ListModelsRequest, ListModelsResponse, ModelControllerInfo, ModelRow};
use jimm_proto::params::status::StatusParams;
use jimm_proto::time::GoTime;
use jimm_store::controllers::{self, Controller};
use jimm_store::models::{self, Model};
use jimm_store::summaries::{self, Watch};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::visible::credential_tag;
use crate::broker::controllers::told::info;
use crate::broker::{Broker, Requester};
use crate::controllers::Facade;
use crate::error::{Error, Result};

/// Rows that are read at a time.
const PAGE: i64 = 1000;
pub(in crate::broker) const CLIENT: Facade = ("Client", &[6, 7, 8]);

impl Broker {
    /// The models that the caller may read, or with `all` every one.
    pub async fn inventory(&self, who: &Requester, request: &ListModelsRequest) -> Result<ListModelsResponse> {
        let mut rows = self.inventory_rows(who, request).await?;
        let mut conn = self.store.acquire().await?;
        let (hosts, watches) = (controllers::list(&mut conn).await?, summaries::watches(&mut conn).await?);
        drop(conn);
        if !request.controller.is_empty() {
            let host = hosts.iter().find(|c| c.name == request.controller);
            let host = host.ok_or_else(|| Error::not_found("controller not found"))?.uuid;
            rows.retain(|row| row.controller_uuid == host);
        }
        rows.retain(|row| row.mode != models::MODE_CREATING);
        // What was just adopted is looked at now, the others now and then.
        self.freshen(&mut rows, |row| row.refreshed_at.is_none()).await;
        rows.sort_by(|a, b| (&a.owner, &a.name).cmp(&(&b.owner, &b.name)));
        let gone =
            |c: &&Controller| c.unavailable_since.is_some() && rows.iter().any(|row| row.controller_uuid == c.uuid);
        let unavailable = hosts.iter().filter(gone).map(|c| {
            let shown = info(c);
            jimm_proto::params::jimm::ControllerInfo {
                ca_certificate: String::new(),
                api_addresses: Vec::new(),
                ..shown
            }
        });
        Ok(ListModelsResponse {
            unavailable: unavailable.collect(),
            models: rows.iter().map(|row| shown(row, &hosts, &watches)).collect(),
        })
    }

    async fn inventory_rows(&self, who: &Requester, request: &ListModelsRequest) -> Result<Vec<Model>> {
        if !request.model.is_empty() {
            let row = self.find_model(&request.model).await?;
            if !self.allowed(who, Relation::Reader, &Object::model(row.uuid)).await? {
                return Err(Error::not_found("model not found"));
            }
            return Ok(vec![row]);
        }
        if !request.all {
            let visible = self.visible_models(who).await?;
            return Ok(models::get_many(&mut *self.store.acquire().await?, &visible).await?);
        }
        self.require_admin(who).await?;
        let mut conn = self.store.acquire().await?;
        let mut rows: Vec<Model> = Vec::new();
        loop {
            let page = models::list(&mut conn, rows.last().map(|row| row.uuid), PAGE).await?;
            let last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            rows.extend(page);
            if last {
                return Ok(rows);
            }
        }
    }

    /// Which controller hosts a model.
    pub async fn model_controller(&self, called: &str) -> Result<ModelControllerInfo> {
        let row = self.find_model(called).await?;
        let host = controllers::get(&mut *self.store.acquire().await?, row.controller_uuid).await?;
        Ok(ModelControllerInfo {
            model_name: format!("{}/{}", row.owner, row.name),
            model_uuid: row.uuid.to_string(),
            controller_name: host.map(|c| c.name).unwrap_or_default(),
            controller_uuid: row.controller_uuid.to_string(),
            upgrade_to_job_status: self.upgrade_status(row.uuid).await?,
        })
    }

    /// A model's full status in its controller's words, passed on as they came.
    pub async fn full_status(&self, called: &str, patterns: Vec<String>) -> Result<Box<RawValue>> {
        let row = self.find_model(called).await?;
        let slot = self.slot(row.controller_uuid).await?;
        let session = slot.connect_model_as_service(row.uuid).await?;
        let params = StatusParams { patterns, include_storage: false };
        let status = session.call(CLIENT, "FullStatus", &params, self.settings.controllers.call_timeout).await;
        session.connection().close();
        status
    }
}

fn shown(row: &Model, hosts: &[Controller], watches: &[Watch]) -> ModelRow {
    // What did not change since was seen as it is all the same.
    let seen =
        watches.iter().find(|watch| watch.controller_uuid == row.controller_uuid).and_then(|watch| watch.seen_at);
    let refreshed =
        row.refreshed_at.map(|at| seen.filter(|_| row.unlisted_since.is_none()).map_or(at, |seen| seen.max(at)));
    let host = |uuid: Uuid| hosts.iter().find(|c| c.uuid == uuid).map(|c| c.name.clone()).unwrap_or_default();
    let mode = match row.mode.as_str() {
        models::MODE_MIGRATING => "migrating",
        other => other,
    };
    let status = if row.status.is_empty() { "unknown" } else { &row.status };
    ModelRow {
        uuid: row.uuid.to_string(),
        name: row.name.clone(),
        owner: row.owner.clone(),
        controller_name: host(row.controller_uuid),
        controller_uuid: row.controller_uuid.to_string(),
        cloud: row.cloud.clone(),
        region: row.region.clone(),
        credential_tag: credential_tag(row),
        life: row.life.clone(),
        status: status.to_owned(),
        mode: mode.to_owned(),
        agent_version: row.agent_version.clone(),
        machines: row.machines,
        applications: row.applications,
        units: row.units,
        refreshed: refreshed.map(GoTime),
    }
}
