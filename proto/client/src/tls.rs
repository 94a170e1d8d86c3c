//! TLS settings, one a CA: building them is dear, and sessions resume only within one.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};

use crate::target::Tls;

/// More CAs than this are not kept: a fleet has tens of controllers.
const KEPT: usize = 512;

static CONFIGS: LazyLock<Mutex<HashMap<String, Arc<ClientConfig>>>> = LazyLock::new(Mutex::default);

/// The settings and the server's name for one dial; `None` means no TLS.
pub(crate) fn for_dial(tls: &Tls, host: &str) -> Result<Option<(Arc<ClientConfig>, ServerName<'static>)>, String> {
    let (pem, name) = match tls {
        Tls::Plain => return Ok(None),
        Tls::SystemRoots { server_name } => ("", server_name.as_deref().unwrap_or(host)),
        Tls::Ca { pem, server_name } => (pem.as_str(), server_name.as_str()),
    };
    let name = ServerName::try_from(name.to_owned()).map_err(|_| format!("{name:?} is no server name"))?;
    Ok(Some((config(pem)?, name)))
}

/// The settings for a CA; an empty text means the system's roots.
fn config(pem: &str) -> Result<Arc<ClientConfig>, String> {
    let lock = || CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(pem) {
        return Ok(known.clone());
    }
    let roots = if pem.is_empty() { system_roots() } else { roots_of(pem)? };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("no TLS versions: {e}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let mut configs = lock();
    if configs.len() >= KEPT {
        configs.clear();
    }
    configs.insert(pem.to_owned(), config.clone());
    Ok(config)
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (_, refused) = roots.add_parsable_certificates(native.certs);
    if refused > 0 {
        tracing::debug!(refused, "some of the system's root certificates cannot be read");
    }
    roots
}

fn roots_of(pem: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for cert in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let cert = cert.map_err(|e| format!("the CA certificate is no PEM: {e}"))?;
        roots.add(cert).map_err(|e| format!("the CA certificate cannot be used: {e}"))?;
    }
    if roots.is_empty() {
        return Err("the CA certificate holds no certificate".to_owned());
    }
    Ok(roots)
}
