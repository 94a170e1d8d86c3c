//! What a client is told when it has logged in to the controller connection.

use jimm_authz::User;
use jimm_proto::params::admin::{AuthUserInfo, HostPort, LoginResult};
use jimm_proto::time::GoTime;
use jimm_proto::version::AgentVersion;
use jimm_store::controllers;

use super::Services;
use super::member::Member;
use crate::config::Config;
use crate::error::Result;
use crate::facades::registry;

/// What we claim to be while there is no controller: a version that clients of both series know to talk to.
const NO_CONTROLLER: &str = "3.6.11";

/// What the broker looks up for the answer to a login on the controller connection.
#[derive(Debug)]
pub(crate) struct Door {
    server_version: String,
    is_admin: bool,
}

/// Looks it up.
pub(crate) async fn door(services: &Services, user: &User) -> Result<Door> {
    let (server_version, is_admin) = tokio::join!(server_version(services), services.broker.administers(user));
    Ok(Door { server_version: server_version?, is_admin: is_admin? })
}

/// The result of a login on the controller connection.
pub(crate) fn controller_login(settings: &Config, member: &Member, door: Door) -> LoginResult {
    LoginResult {
        controller_tag: format!("controller-{}", settings.uuid),
        servers: servers(settings),
        public_dns_name: settings.public_host().to_owned(),
        server_version: door.server_version,
        user_info: Some(AuthUserInfo {
            display_name: display_name(member),
            identity: member.requester.name.tag(),
            last_connection: member.identity.last_login.map(GoTime::from),
            controller_access: if door.is_admin { "superuser" } else { "login" }.to_owned(),
            ..AuthUserInfo::default()
        }),
        facades: registry::facades(),
        ..LoginResult::default()
    }
}

/// Our own address as clients are to keep it: never a controller's.
pub(crate) fn servers(settings: &Config) -> Vec<Vec<HostPort>> {
    let address = settings.public_host_port();
    let Some((host, port)) = address.rsplit_once(':') else { return Vec::new() };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let kind = match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => "ipv4",
        Ok(std::net::IpAddr::V6(_)) => "ipv6",
        Err(_) => "hostname",
    };
    vec![vec![HostPort {
        value: host.to_owned(),
        r#type: kind.to_owned(),
        scope: "public".to_owned(),
        port: port.parse().unwrap_or(443),
        ..HostPort::default()
    }]]
}

/// The lowest version of our controllers: clients must not believe that we can do more.
async fn server_version(services: &Services) -> Result<String> {
    let mut conn = services.broker.store.reader().await?;
    let versions = controllers::agent_versions(&mut conn).await?;
    conn.done();
    let lowest = versions.iter().filter_map(|version| version.parse::<AgentVersion>().ok()).min();
    Ok(lowest.map_or_else(|| NO_CONTROLLER.to_owned(), |version| version.to_string()))
}

fn display_name(member: &Member) -> String {
    if !member.identity.display_name.is_empty() {
        return member.identity.display_name.clone();
    }
    member.requester.name.local_part().to_owned()
}
