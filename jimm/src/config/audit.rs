//! The settings of the audit log.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jimm_store::audit::Class;
use secrecy::SecretString;

use super::reader::Reader;
use super::values;

/// What happens to entries that find no room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// They are lost, and counted.
    #[default]
    Drop,
    /// Requests wait.
    Block,
}

/// The audit log.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// Whether requests that change nothing are noted.
    pub reads: bool,
    /// What happens to entries that find no room.
    pub overflow: Overflow,
    /// Where it waits while the database is away.
    pub spill: Option<PathBuf>,
    /// How much may wait there, in bytes.
    pub spill_size: u64,
    /// How long each class is kept; for ever without.
    pub retention: Vec<(Class, Option<Duration>)>,
    /// Who gets copies.
    pub export: ExportSettings,
}

/// Who gets copies of the audit log.
#[derive(Clone, Debug, Default)]
pub struct ExportSettings {
    /// A file, or `-` for standard output.
    pub file: Option<PathBuf>,
    /// `host:port` of a syslog server, over TLS.
    pub syslog: Option<String>,
    /// Where lines of JSON are sent.
    pub http: Option<String>,
    /// A bearer token for that.
    pub http_token: Option<SecretString>,
    /// Where OpenTelemetry's log records are sent.
    pub otlp: Option<String>,
    /// A bearer token for that.
    pub otlp_token: Option<SecretString>,
    /// An extra root certificate (PEM) for all of these.
    pub ca: Option<PathBuf>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            reads: true,
            overflow: Overflow::Drop,
            spill: None,
            spill_size: 1 << 30,
            retention: Vec::new(),
            export: ExportSettings::default(),
        }
    }
}

impl Reader {
    pub(super) fn audit(&mut self) -> AuditSettings {
        let mut days = |name| self.optional(name, |_, text| values::number(text, 0, 36_500)).map(|days| days * 86_400);
        let general = days("JIMM_AUDIT_LOG_RETENTION_PERIOD_IN_DAYS");
        let mut retention = vec![(Class::Legacy, general)];
        for (class, name) in [
            (Class::Login, "JIMM_AUDIT_RETENTION_LOGINS"),
            (Class::Change, "JIMM_AUDIT_RETENTION_CHANGES"),
            (Class::Read, "JIMM_AUDIT_RETENTION_READS"),
        ] {
            retention.push((class, days(name).or(general)));
        }
        let kept = |seconds: Option<u64>| seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
        AuditSettings {
            reads: self.flag("JIMM_AUDIT_READS"),
            overflow: self.value("JIMM_AUDIT_OVERFLOW", |text| match text {
                "drop" => Ok(Overflow::Drop),
                "block" => Ok(Overflow::Block),
                _ => Err("is neither drop nor block".into()),
            }),
            spill: self.optional("JIMM_AUDIT_SPILL_PATH", |_, text| directory(text)),
            spill_size: self.value("JIMM_AUDIT_SPILL_SIZE", values::size) as u64,
            retention: retention.into_iter().map(|(class, seconds)| (class, kept(seconds))).collect(),
            export: self.export(),
        }
    }

    fn export(&mut self) -> ExportSettings {
        let mut token = |name| {
            self.optional(name, |_, path| {
                let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
                Ok(SecretString::from(text.trim()))
            })
        };
        let (http_token, otlp_token) =
            (token("JIMM_AUDIT_EXPORT_HTTP_TOKEN_PATH"), token("JIMM_AUDIT_EXPORT_OTLP_TOKEN_PATH"));
        ExportSettings {
            file: self.optional("JIMM_AUDIT_EXPORT_FILE", |_, text| Ok(PathBuf::from(text))),
            syslog: self.optional("JIMM_AUDIT_EXPORT_SYSLOG", |_, text| values::host_port(text)),
            http: self.optional("JIMM_AUDIT_EXPORT_HTTP_URL", |_, text| values::web_url(text)),
            http_token,
            otlp: self.optional("JIMM_AUDIT_EXPORT_OTLP_URL", |_, text| values::web_url(text)),
            otlp_token,
            ca: self.path("JIMM_AUDIT_EXPORT_CA_PATH"),
        }
    }
}

/// It is made if need be.
pub(super) fn directory(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    std::fs::create_dir_all(path).map_err(|error| format!("cannot be made: {error}"))?;
    tempfile_in(path).map_err(|error| format!("cannot be written to: {error}"))?;
    Ok(path.to_owned())
}

fn tempfile_in(path: &Path) -> std::io::Result<()> {
    let probe = path.join(format!("probe-{}", std::process::id()));
    std::fs::write(&probe, "")?;
    std::fs::remove_file(probe)
}
