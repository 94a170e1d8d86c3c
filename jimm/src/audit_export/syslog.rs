//! Syslog over TLS (RFC 5425). The protocol has no answers, so each portion is a connection of its own that is closed
//! from this side first: when the other end says good-bye too (`close_notify`, which TLS demands), it has read everything.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jimm_proto::params::jimm_audit::AuditEvent;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Sink;
use super::shape::syslog;
use crate::error::{Error, Result};

/// A server that takes messages.
pub(super) struct Syslog {
    address: String,
    name: ServerName<'static>,
    tls: TlsConnector,
    host: String,
}

impl Syslog {
    /// `host:port`, and a file of roots to trust besides those of the system.
    pub(super) fn new(address: &str, ca: Option<&Path>) -> Result<Self> {
        let tls = crate::http_client::tls(ca).map_err(Error::internal)?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(Error::internal)?;
        Ok(Self { address: address.to_owned(), name, tls: TlsConnector::from(Arc::new(tls)), host: host_name() })
    }
}

#[async_trait]
impl Sink for Syslog {
    async fn put(&mut self, events: &[AuditEvent]) -> Result<(), String> {
        let mut text = String::new();
        for event in events {
            text.push_str(&syslog(&self.host, event)?);
        }
        let exchange = async {
            let tcp = TcpStream::connect(&self.address).await?;
            let mut stream = self.tls.connect(self.name.clone(), tcp).await?;
            stream.write_all(text.as_bytes()).await?;
            stream.flush().await?;
            stream.shutdown().await?;
            let mut rest = [0; 64];
            loop {
                match stream.read(&mut rest).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    // Without a good-bye in TLS (`close_notify`) nobody knows how much of it was read.
                    Err(error) => return Err(error),
                }
            }
        };
        exchange.await.map_err(|error: std::io::Error| format!("syslog at {}: {error}", self.address))
    }
}

/// What this machine is called.
pub(super) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "jimm".to_owned() } else { name.to_owned() }
}
