//! `login [ADDRESS]`: a login in the browser, kept in the client store that `juju` shares.

use jimm_proto::params::admin::LoginResult;

use crate::cli::{GlobalArgs, LoginArgs};
use crate::client_store::{ClientStore, KnownController};
use crate::error::{Failure, Result};
use crate::session::{Session, ca_of, endpoints_of};
use crate::settings::Settings;

pub(super) async fn run(global: &GlobalArgs, args: &LoginArgs) -> Result<()> {
    let dir =
        Settings::from_env().juju_data.ok_or_else(|| Failure::failed("no client store: set JUJU_DATA or HOME"))?;
    let store = ClientStore::new(dir);
    let known = match args.address.as_deref().or(global.url.as_deref()) {
        Some(address) => newcomer(global, address)?,
        None => store.controller(global.controller.as_deref())?,
    };
    let session = Session::connect(&known).await?;
    let (login, token) = session.log_in_in_browser(global).await?;
    let (user, access) = who(&login);
    let known = KnownController {
        uuid: login.controller_tag.strip_prefix("controller-").unwrap_or(&login.controller_tag).to_owned(),
        ..known
    };
    store.remember(&known)?;
    store.save_token(&known.name, &user, &access, &token)?;
    if !global.quiet {
        eprintln!("Logged in to {} ({}) as {user}.", known.name, known.api_endpoints.join(", "));
    }
    Ok(())
}

/// A broker that the store may not know yet.
fn newcomer(global: &GlobalArgs, address: &str) -> Result<KnownController> {
    let api_endpoints = endpoints_of(address)?;
    let name = match &global.controller {
        Some(name) => name.clone(),
        None => name_of(&api_endpoints[0]),
    };
    Ok(KnownController {
        name,
        api_endpoints,
        ca_cert: ca_of(global.ca_cert.as_deref())?,
        ..KnownController::default()
    })
}

/// `jimm` for `jimm.example.com:443`; for an address without a name, `jimm` too.
fn name_of(endpoint: &str) -> String {
    let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
    match host.split('.').next() {
        Some(first) if first.starts_with(|c: char| c.is_ascii_alphabetic()) => first.to_owned(),
        _ => "jimm".to_owned(),
    }
}

fn who(login: &LoginResult) -> (String, String) {
    let info = login.user_info.clone().unwrap_or_default();
    (info.identity.strip_prefix("user-").unwrap_or(&info.identity).to_owned(), info.controller_access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_after_its_host() {
        for (endpoint, name) in [
            ("jimm.example.com:443", "jimm"),
            ("localhost:1", "localhost"),
            ("127.0.0.1:1", "jimm"),
            ("[::1]:1", "jimm"),
        ] {
            assert_eq!(name_of(endpoint), name, "{endpoint}");
        }
    }
}
