//! Where to dial, and how.

use std::time::Duration;

/// An endpoint: one of several addresses, a path, and how its certificate is verified.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port` each; dialled in parallel, the first that answers wins.
    pub addresses: Vec<String>,
    /// `/api`, `/model/UUID/api`, `/model/UUID/log?…`.
    pub path: String,
    /// How the certificate is verified.
    pub tls: Tls,
}

/// How the peer's certificate is verified. There is no way not to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tls {
    /// No TLS: only for a peer behind an ingress on a trusted network.
    Plain,
    /// The system's roots.
    SystemRoots {
        /// The name in the certificate when it is not the host that is dialled.
        server_name: Option<String>,
    },
    /// Only this CA, as Juju's clients do with a controller's own.
    Ca {
        /// One certificate or several.
        pem: String,
        /// The name in the certificate; [`crate::JUJU_SERVER_NAME`] for controllers.
        server_name: String,
    },
}

impl Tls {
    /// A controller's own CA, or the system's roots when there is none.
    pub fn for_controller(ca_pem: &str, tls_hostname: &str) -> Self {
        let name = (!tls_hostname.is_empty()).then(|| tls_hostname.to_owned());
        if ca_pem.trim().is_empty() {
            return Self::SystemRoots { server_name: name };
        }
        Self::Ca { pem: ca_pem.to_owned(), server_name: name.unwrap_or_else(|| crate::JUJU_SERVER_NAME.to_owned()) }
    }
}

/// How to dial.
#[derive(Clone, Debug)]
pub struct DialOptions {
    /// For everything until the websocket is open: names, TCP, TLS, handshake.
    pub timeout: Duration,
    /// Longest message that is taken, in bytes; whole models travel in one.
    pub max_message: usize,
    /// Pings of an open connection, `None` for none.
    pub pings: Option<Pings>,
    /// Further headers of the handshake, such as `Authorization`.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
}

/// How a connection is kept alive: `Pinger(1).Ping`, as Go's clients do.
#[derive(Clone, Copy, Debug)]
pub struct Pings {
    /// How often.
    pub every: Duration,
    /// How long the answer may take before the connection counts as broken.
    pub timeout: Duration,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_message: 256 << 20,
            pings: Some(Pings { every: Duration::from_secs(60), timeout: Duration::from_secs(30) }),
            headers: Vec::new(),
        }
    }
}
