//! Where what travels beside a model goes: its charms, resources and agent binaries, its logs, its agents.

use std::sync::Arc;

use jimm_proto::params::admin::HostPort;
use jimm_store::{controllers, incoming};
use serde_json::json;
use uuid::Uuid;

use super::finish::mode;
use crate::broker::{Broker, Requester};
use crate::controllers::Slot;
use crate::error::{Error, Kind, Result};

/// What a source sends beside a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Upload {
    /// Charms, resources, agent binaries: before the model is used.
    Binaries,
    /// Logs: afterwards.
    Logs,
}

impl Broker {
    /// The controller that takes what comes with this model.
    pub async fn upload_target(&self, who: &Requester, model: Uuid, upload: Upload) -> Result<Arc<Slot>> {
        self.require_admin(who).await?;
        let row = incoming::get(&mut *self.store.acquire().await?, model).await?;
        let wanted = match upload {
            Upload::Binaries => incoming::IMPORTING,
            Upload::Logs => incoming::ACTIVE,
        };
        let Some(row) = row else {
            return Err(Error::bad_request(format!(
                "model migration mode is \"\" instead of {wanted:?}: no migration of model {model} was prepared"
            )));
        };
        if row.state != wanted {
            return Err(mode(&row, wanted));
        }
        self.slot(row.controller_uuid).await
    }

    /// Where agents of a model have to go: its controller itself. They come here when their model comes in, because the
    /// broker is what its source was told.
    pub async fn redirect_of_agents(&self, model: Uuid) -> Result<Error> {
        let Some(row) = self.row_of(model).await? else { return Err(Error::model_not_found()) };
        let home = controllers::get(&mut *self.store.acquire().await?, row.controller_uuid).await?;
        let home = home.ok_or_else(|| Error::not_found("controller not found"))?;
        let public = Some(home.public_address).filter(|address| !address.is_empty());
        let servers: Vec<HostPort> = home.addresses.iter().chain(public.iter()).filter_map(|a| host_port(a)).collect();
        let info = json!({
            "servers": [servers], "ca-cert": home.ca_certificate, "controller-tag": format!("controller-{}", home.uuid),
            "controller-alias": home.name,
        });
        Ok(Error::new(Kind::NotSupported, "redirection to alternative server required")
            .with_code("redirection required")
            .with_info(info))
    }
}

fn host_port(address: &str) -> Option<HostPort> {
    let (host, port) = address.rsplit_once(':')?;
    let value = host.trim_start_matches('[').trim_end_matches(']');
    let kind = match value.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => "ipv4",
        Ok(std::net::IpAddr::V6(_)) => "ipv6",
        Err(_) => "hostname",
    };
    Some(HostPort {
        value: value.to_owned(),
        r#type: kind.to_owned(),
        scope: "public".to_owned(),
        port: port.parse().ok()?,
        ..HostPort::default()
    })
}
