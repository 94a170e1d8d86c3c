//! Lines of JSON, to a file or to standard output.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jimm_proto::params::jimm_audit::AuditEvent;
use tokio::io::AsyncWriteExt;

use super::Sink;
use super::shape::lines;

/// `-` is standard output.
pub(super) struct Lines {
    path: Option<PathBuf>,
}

impl Lines {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: (path != Path::new("-")).then(|| path.to_owned()) }
    }
}

#[async_trait]
impl Sink for Lines {
    async fn put(&mut self, events: &[AuditEvent]) -> Result<(), String> {
        let text = lines(events)?;
        let Some(path) = &self.path else {
            let printed = tokio::task::spawn_blocking(move || {
                let mut out = std::io::stdout().lock();
                out.write_all(&text).and_then(|()| out.flush())
            });
            let printed = printed.await.map_err(|error| error.to_string())?;
            return printed.map_err(|error| format!("cannot write to standard output: {error}"));
        };
        let write = async {
            // Opened anew each time, so that it may be moved away.
            let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
            AsyncWriteExt::write_all(&mut file, &text).await?;
            file.sync_all().await
        };
        write.await.map_err(|error: std::io::Error| format!("cannot write: {error}"))
    }
}
