//! The files of certificates: whether they hold what they should, so that a mistake shows before the first connection.

use std::path::{Path, PathBuf};

use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::problems::Problem;

const CERT: &str = "JIMM_TLS_CERT_PATH";
const KEY: &str = "JIMM_TLS_KEY_PATH";

/// Files of the main listener's certificate chain and key, both PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}
fn problem(variable: &str, path: &Path, what: &str) -> Problem {
    Problem::bare(variable, format!("names {}, which {what}", path.display()))
}

fn chain(variable: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(problem(variable, path, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")),
    }
}

/// Certificate and key of the listener.
pub(super) fn check_pair(files: &TlsFiles) -> Vec<Problem> {
    let chain = chain(CERT, &files.cert);
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|_| problem(KEY, &files.key, "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"));
    match (chain, key) {
        (Ok(chain), Ok(key)) => {
            match CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider()) {
                Ok(_) => Vec::new(),
                Err(_) => {
                    vec![problem(KEY, &files.key, "is not the key of the first certificate of JIMM_TLS_CERT_PATH")]
                }
            }
        }
        (chain, key) => chain.err().into_iter().chain(key.err()).collect(),
    }
}

/// Roots to trust.
pub(super) fn check_roots(variable: &str, path: &Path) -> Option<Problem> {
    chain(variable, path).err()
}

/// How many certificates a text holds.
pub(super) fn roots_in(pem: &str) -> usize {
    CertificateDer::pem_slice_iter(pem.as_bytes()).flatten().count()
}
