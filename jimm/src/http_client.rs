//! The one factory of HTTP clients: rustls, deadlines, no redirects.

use std::path::Path;
use std::time::Duration;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Why no HTTP client could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// The file with extra roots is not readable as PEM.
    #[error("certificates of {path} are not readable as PEM")]
    Roots {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The file with extra roots holds none.
    #[error("{path} holds no certificate")]
    NoRoots {
        /// The file.
        path: String,
    },
    /// TLS or the client could not be set up.
    #[error("http client cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A client that trusts the system's roots and those of `extra_roots` (PEM), gives up after `timeout` and follows no
/// redirect: a peer that sends us elsewhere is not the peer that was configured.
pub fn http_client(extra_roots: Option<&Path>, timeout: Duration) -> Result<reqwest::Client, HttpClientError> {
    let Some(path) = extra_roots else { return build(None, timeout) };
    let shown = path.display().to_string();
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    build(Some((&shown, read)), timeout)
}

/// The same with the extra roots as text, and the name of where they come from.
pub fn http_client_trusting(
    extra_roots: Option<(&str, &str)>,
    timeout: Duration,
) -> Result<reqwest::Client, HttpClientError> {
    let read = |pem: &str| CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    build(extra_roots.map(|(shown, pem)| (shown, read(pem))), timeout)
}

type Read = Result<Vec<CertificateDer<'static>>, rustls_pki_types::pem::Error>;

fn build(extra: Option<(&str, Read)>, timeout: Duration) -> Result<reqwest::Client, HttpClientError> {
    let tls = trusting(extra)?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("jimm/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| HttpClientError::Setup(error.into()))
}

/// TLS that trusts the system's roots and those of `extra_roots` (PEM).
pub(crate) fn tls(extra_roots: Option<&Path>) -> Result<rustls::ClientConfig, HttpClientError> {
    let Some(path) = extra_roots else { return trusting(None) };
    let shown = path.display().to_string();
    trusting(Some((&shown, CertificateDer::pem_file_iter(path).and_then(Iterator::collect))))
}

fn trusting(extra: Option<(&str, Read)>) -> Result<rustls::ClientConfig, HttpClientError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some((shown, read)) = extra {
        let path = shown.to_owned();
        let extra = read.map_err(|source| HttpClientError::Roots { path: path.clone(), source })?;
        if roots.add_parsable_certificates(extra).0 == 0 {
            return Err(HttpClientError::NoRoots { path });
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpClientError::Setup(error.into()))
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}
