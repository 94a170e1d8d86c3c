//! `controller-info NAME FILE [PUBLIC-ADDRESS]`: no network, only the client store.

use std::io::Write;
use std::path::Path;

use jimm_proto::params::jimm::AddControllerRequest;

use crate::cli::{ControllerInfoArgs, GlobalArgs};
use crate::client_store::{ClientStore, replace_private};
use crate::error::{Failure, Result};
use crate::settings::Settings;

pub(super) fn run(_global: &GlobalArgs, args: &ControllerInfoArgs) -> Result<()> {
    let (Some(name), Some(file)) = (&args.name, &args.file) else {
        return Err(Failure::usage("controller name or filename not specified"));
    };
    match (&args.public_address, args.local) {
        (Some(_), true) => return Err(Failure::usage("cannot set both public address and local flag")),
        (None, false) => return Err(Failure::usage("provide either a public address or use --local")),
        _ => {}
    }
    let dir =
        Settings::from_env().juju_data.ok_or_else(|| Failure::failed("no client store: set JUJU_DATA or HOME"))?;
    let known = ClientStore::new(dir).controller(Some(name))?;
    if known.password.is_empty() {
        return Err(Failure::failed(format!("the client store holds no password for controller {name}"))
            .with_hint("log in as the controller's administrator: \"juju login -c NAME -u admin\""));
    }
    let request = AddControllerRequest {
        uuid: known.uuid,
        name: known.name,
        public_address: args.public_address.clone().unwrap_or_default(),
        tls_hostname: args.tls_hostname.clone().unwrap_or_default(),
        api_addresses: known.api_endpoints,
        ca_certificate: if args.local { known.ca_cert } else { String::new() },
        username: known.user,
        password: known.password,
    };
    let text = serde_norway::to_string(&request).map_err(|e| Failure::failed(format!("cannot write YAML: {e}")))?;
    if file == Path::new("-") {
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    replace_private(file, &text)
}
