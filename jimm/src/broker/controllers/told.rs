//! A controller's row as it is told on the wire.

use jimm_proto::params::jimm::{ControllerInfo, ControllerStatus};
use jimm_proto::params::jimm_placement::Cordon;
use jimm_proto::time::GoTime;
use jimm_store::controllers::Controller;

use crate::broker::placement::marks_of;

/// What is told of a controller; never its password.
pub(in crate::broker) fn info(row: &Controller) -> ControllerInfo {
    let status = match (row.unavailable_since, row.deprecated) {
        (Some(since), _) => ControllerStatus {
            status: "unavailable".to_owned(),
            info: row.unavailable_reason.clone(),
            since: Some(GoTime(since)),
        },
        (None, _) if row.cordoned_since.is_some() => ControllerStatus {
            status: "cordoned".to_owned(),
            info: row.cordon_reason.clone(),
            since: row.cordoned_since.map(GoTime),
        },
        (None, true) => ControllerStatus { status: "deprecated".to_owned(), ..ControllerStatus::default() },
        (None, false) => ControllerStatus { status: "available".to_owned(), ..ControllerStatus::default() },
    };
    ControllerInfo {
        name: row.name.clone(),
        uuid: row.uuid.to_string(),
        public_address: row.public_address.clone(),
        api_addresses: row.addresses.clone(),
        ca_certificate: row.ca_certificate.clone(),
        cloud_tag: if row.cloud.is_empty() { String::new() } else { format!("cloud-{}", row.cloud) },
        cloud_region: row.region.clone(),
        username: String::new(),
        agent_version: row.agent_version.clone(),
        status,
        models: None,
        labels: marks_of(&row.labels),
        taints: marks_of(&row.taints),
        cordon: row.cordoned_since.map(|since| Cordon {
            since: GoTime(since),
            by: row.cordoned_by.clone(),
            reason: row.cordon_reason.clone(),
        }),
    }
}
