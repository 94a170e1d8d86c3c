//! A certificate authority for one test or one demo, and the ciphers of Juju.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::CipherSuite;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// The authority; its key lives in memory only.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    /// A new authority of this name.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// The certificate that others trust.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Certificate and key for a server of 127.0.0.1, by the names that clients of a controller ask for.
    pub fn issue(&self) -> Result<(String, String)> {
        self.issue_for(&[])
    }

    fn issue_for(&self, more: &[&str]) -> Result<(String, String)> {
        let names = ["localhost", "127.0.0.1", "juju-apiserver"].iter().chain(more);
        let mut params = CertificateParams::new(names.map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// Writes `ca.pem`, `server.pem` and `server.key` into a directory.
    pub fn write(&self, dir: &Path) -> Result<PkiFiles> {
        self.write_for(dir, &[])
    }

    /// The same for a server that has other names or addresses as well.
    pub fn write_for(&self, dir: &Path, more: &[&str]) -> Result<PkiFiles> {
        crate::postgres::private_dir(dir)?;
        let files = PkiFiles { ca: dir.join("ca.pem"), cert: dir.join("server.pem"), key: dir.join("server.key") };
        let (cert, key) = self.issue_for(more)?;
        std::fs::write(&files.ca, self.pem())?;
        std::fs::write(&files.cert, cert)?;
        std::fs::write(&files.key, key)?;
        Ok(files)
    }
}

/// Where the files of an authority and its server are.
#[derive(Clone, Debug)]
pub struct PkiFiles {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The server's certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Ciphers in the order of Go's library, and so of Juju's clients and controllers: AES-128 before AES-256. Its servers choose
/// by that order even where a client has another one (measured with Go 1.26, on a processor that knows AES).
pub fn ciphers_of_go() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        !matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    });
    provider
}
