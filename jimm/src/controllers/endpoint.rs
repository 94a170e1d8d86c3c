//! Where a controller is, and the superuser of its own that the broker knows.

use jimm_rpc::{Target, Tls};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// A controller as its row has it, secrets opened.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its UUID: the audience of tokens for it.
    pub uuid: Uuid,
    /// The broker's name for it, for errors and logs.
    pub name: String,
    /// `host:port` each.
    pub addresses: Vec<String>,
    /// `host:port` with a certificate of the system's roots, or empty.
    pub public_address: String,
    /// PEM, or empty for the system's roots.
    pub ca_certificate: String,
    /// The name in its certificate when it is not the usual one.
    pub tls_hostname: String,
    /// Its own superuser.
    pub admin: Option<Admin>,
}

/// A superuser of the controller's own.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Without `user-`.
    pub username: String,
    /// Its password.
    pub password: SecretString,
}

impl Endpoint {
    /// What to dial for a path.
    pub fn target(&self, path: impl Into<String>) -> Target {
        let mut addresses: Vec<String> = Vec::new();
        for address in std::iter::once(&self.public_address).chain(&self.addresses) {
            if !address.is_empty() && !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        Target { addresses, path: path.into(), tls: Tls::for_controller(&self.ca_certificate, &self.tls_hostname) }
    }

    /// Whether connections made for `other` may serve this one.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        let admin = |e: &Self| e.admin.as_ref().map(|a| (a.username.clone(), a.password.expose_secret().to_owned()));
        (&self.name, &self.addresses, &self.public_address, &self.ca_certificate, &self.tls_hostname)
            == (&other.name, &other.addresses, &other.public_address, &other.ca_certificate, &other.tls_hostname)
            && admin(self) == admin(other)
    }
}
