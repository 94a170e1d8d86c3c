//! `controller-info NAME FILE [PUBLIC-ADDRESS]`: no network, only the client store.

use std::io::Write;
use std::path::Path;

use jimm_proto::params::jimm::AddControllerRequest;

use crate::cli::{ControllerInfoArgs, GlobalArgs};
use crate::client_store::{ClientStore, replace_private};
use crate::error::{Failure, Result};
use crate::settings::Settings;

/// Which controller of the client store is meant, and how others reach it.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) public_address: Option<&'a str>,
    pub(super) local: bool,
    pub(super) tls_hostname: Option<&'a str>,
}

pub(super) fn run(_global: &GlobalArgs, args: &ControllerInfoArgs) -> Result<()> {
    let (Some(name), Some(file)) = (&args.name, &args.file) else {
        return Err(Failure::usage("controller name or filename not specified"));
    };
    let request = describe(&Source {
        name,
        public_address: args.public_address.as_deref(),
        local: args.local,
        tls_hostname: args.tls_hostname.as_deref(),
    })?;
    let text = yaml(&request)?;
    if file == Path::new("-") {
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    replace_private(file, &text)
}

/// The description of a controller that the client store knows.
pub(super) fn describe(source: &Source<'_>) -> Result<AddControllerRequest> {
    match (source.public_address, source.local) {
        (Some(_), true) => return Err(Failure::usage("cannot set both public address and local flag")),
        (None, false) => return Err(Failure::usage("provide either a public address or use --local")),
        _ => {}
    }
    let dir =
        Settings::from_env().juju_data.ok_or_else(|| Failure::failed("no client store: set JUJU_DATA or HOME"))?;
    let known = ClientStore::new(dir).controller(Some(source.name))?;
    if known.password.is_empty() {
        return Err(Failure::failed(format!("the client store holds no password for controller {}", source.name))
            .with_hint("log in as the controller's administrator: \"juju login -c NAME -u admin\""));
    }
    Ok(AddControllerRequest {
        uuid: known.uuid,
        name: known.name,
        public_address: source.public_address.unwrap_or_default().to_owned(),
        tls_hostname: source.tls_hostname.unwrap_or_default().to_owned(),
        api_addresses: known.api_endpoints,
        ca_certificate: if source.local { known.ca_cert } else { String::new() },
        username: known.user,
        password: known.password,
    })
}

/// The same as a file of `add-controller`.
pub(super) fn yaml(request: &AddControllerRequest) -> Result<String> {
    serde_norway::to_string(request).map_err(|e| Failure::failed(format!("cannot write YAML: {e}")))
}
