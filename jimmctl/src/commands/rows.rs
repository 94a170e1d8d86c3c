//! What the reference's YAML looks like: Go's field names in lower case, and every field present.

use std::collections::BTreeMap;

use jimm_proto::params::common;
use jimm_proto::params::controller::InitiateMigrationResult;
use jimm_proto::params::jimm::ControllerInfo;
use serde::Serialize;
use serde_norway::Mapping;

use crate::go_yaml::Moment;
use crate::table::Table;

/// One controller in YAML.
#[derive(Serialize)]
pub(super) struct ControllerYaml<'a> {
    name: &'a str,
    uuid: &'a str,
    publicaddress: &'a str,
    apiaddresses: &'a [String],
    cacertificate: &'a str,
    cloudtag: &'a str,
    cloudregion: &'a str,
    username: &'a str,
    agentversion: &'a str,
    status: StatusYaml<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    taints: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cordon: Option<CordonYaml<'a>>,
}

#[derive(Serialize)]
struct CordonYaml<'a> {
    since: Moment,
    by: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct StatusYaml<'a> {
    status: &'a str,
    info: &'a str,
    data: Mapping,
    since: Option<Moment>,
}

impl<'a> From<&'a ControllerInfo> for ControllerYaml<'a> {
    fn from(info: &'a ControllerInfo) -> Self {
        Self {
            name: &info.name,
            uuid: &info.uuid,
            publicaddress: &info.public_address,
            apiaddresses: &info.api_addresses,
            cacertificate: &info.ca_certificate,
            cloudtag: &info.cloud_tag,
            cloudregion: &info.cloud_region,
            username: &info.username,
            agentversion: &info.agent_version,
            status: StatusYaml {
                status: &info.status.status,
                info: &info.status.info,
                data: Mapping::new(),
                since: info.status.since.map(Moment::At),
            },
            models: info.models,
            labels: &info.labels,
            taints: &info.taints,
            cordon: info.cordon.as_ref().map(|cordon| CordonYaml {
                since: Moment::At(cordon.since),
                by: &cordon.by,
                reason: &cordon.reason,
            }),
        }
    }
}

/// The table of controllers.
pub(super) fn controller_table(controllers: &[ControllerInfo]) -> String {
    const HEADING: [&str; 7] = ["Name", "Status", "Version", "Cloud/Region", "Address", "Since", "Labels"];
    // Who gives controllers no labels sees no column of them.
    let marked = controllers.iter().any(|info| !info.labels.is_empty() || !info.taints.is_empty());
    let mut table = Table::new(if marked { &HEADING[..] } else { &HEADING[..6] });
    for info in controllers {
        let cloud = info.cloud_tag.strip_prefix("cloud-").unwrap_or(&info.cloud_tag);
        let place =
            if info.cloud_region.is_empty() { cloud.to_owned() } else { format!("{cloud}/{}", info.cloud_region) };
        let address = if info.public_address.is_empty() {
            info.api_addresses.first().map_or("", String::as_str)
        } else {
            &info.public_address
        };
        let since = info.status.since.map(|t| t.to_string()).unwrap_or_default();
        let cells: [&str; 6] = [&info.name, &info.status.status, &info.agent_version, &place, address, &since];
        if marked {
            let [name, status, version, place, address, since] = cells;
            table.row([name, status, version, place, address, since, &marks(info)]);
        } else {
            table.row(cells);
        }
    }
    table.render()
}

/// Labels, then taints.
fn marks(info: &ControllerInfo) -> String {
    let labels = info.labels.iter().map(|(name, value)| format!("{name}={value}"));
    let taints = info.taints.iter().map(|(name, value)| format!("taint {name}={value}"));
    labels.chain(taints).collect::<Vec<_>>().join(", ")
}

/// The results of a migration in YAML.
#[derive(Serialize)]
pub(super) struct MigrationsYaml<'a> {
    results: Vec<MigrationYaml<'a>>,
}

#[derive(Serialize)]
struct MigrationYaml<'a> {
    modeltag: &'a str,
    error: Option<ErrorYaml<'a>>,
    migrationid: &'a str,
}

#[derive(Serialize)]
struct ErrorYaml<'a> {
    message: &'a str,
    code: &'a str,
    info: Mapping,
}

impl<'a> From<&'a common::Error> for ErrorYaml<'a> {
    fn from(error: &'a common::Error) -> Self {
        Self { message: &error.message, code: &error.code, info: Mapping::new() }
    }
}

impl<'a> From<&'a [InitiateMigrationResult]> for MigrationsYaml<'a> {
    fn from(results: &'a [InitiateMigrationResult]) -> Self {
        let one = |r: &'a InitiateMigrationResult| MigrationYaml {
            modeltag: &r.model_tag,
            error: r.error.as_ref().map(Into::into),
            migrationid: &r.migration_id,
        };
        Self { results: results.iter().map(one).collect() }
    }
}
