//! What the reference's YAML looks like: Go's field names in lower case, and every field present.

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
        }
    }
}

/// The table of controllers.
pub(super) fn controller_table(controllers: &[ControllerInfo]) -> String {
    let mut table = Table::new(&["Name", "Status", "Version", "Cloud/Region", "Address", "Since"]);
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
        table.row([&info.name, &info.status.status, &info.agent_version, &place, address, &since]);
    }
    table.render()
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
