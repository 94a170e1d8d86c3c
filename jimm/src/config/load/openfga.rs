//! The variables of OpenFGA: all of them hang on the host.

use jimm_authz::OpenFgaSettings;

use crate::config::problems::Warning;
use crate::config::reader::Reader;

impl Reader {
    pub(super) fn openfga(&mut self) -> Option<OpenFgaSettings> {
        let host = self.optional("OPENFGA_HOST", |_, text| Ok(text.to_owned()));
        let tls = self.optional("OPENFGA_SCHEME", |_, text| match text {
            "http" => Ok(false),
            "https" => Ok(true),
            _ => Err("is not a known scheme".into()),
        });
        let settings = OpenFgaSettings {
            tls: tls.unwrap_or(true),
            host: host.clone().unwrap_or_default(),
            port: self.number("OPENFGA_PORT"),
            store: self.optional("OPENFGA_STORE", |_, text| Ok(text.to_owned())).unwrap_or_default(),
            model: self.optional("OPENFGA_AUTH_MODEL", |_, text| Ok(text.to_owned())),
            token: self.optional("OPENFGA_TOKEN", |_, text| Ok(text.into())),
            ca_cert: self.path("OPENFGA_CA_CERT_PATH"),
        };
        let other = self.given().find(|name| name.starts_with("OPENFGA_") && *name != "OPENFGA_HOST");
        if let (None, Some(other)) = (&host, other) {
            let what = format!("OPENFGA_HOST is not set although {other} is: the broker decides without OpenFGA");
            self.warnings.push(Warning(what));
        }
        host.map(|_| settings)
    }
}
