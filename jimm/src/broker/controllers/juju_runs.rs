//! A run of the `juju` client as part of a job: its lines go to the job's log, and it is stopped when the job is.

use std::path::PathBuf;
use std::time::Duration;

use jimm_store::{job_logs, jobs};
use tokio::time::{Instant, sleep_until};

use crate::bootstrap::{Client, Ended, Folder, Redactor, Running, find_client, sweep};
use crate::broker::Broker;
use crate::broker::work::Work;
use crate::error::{Error, Kind, Result};

/// How often to look whether somebody wants it stopped.
const LOOK: Duration = Duration::from_millis(500);
/// How long a client that is stopped has to clean up after itself.
pub(in crate::broker) const GRACE: Duration = Duration::from_secs(60);
/// Lines of a log that are kept.
const MOST_LINES: usize = 20_000;

/// How a run came to its end.
pub(in crate::broker) enum Over {
    /// The client ended; the last error that it told, if it did.
    Itself(Ended, String),
    /// It was stopped, for this reason.
    Stopped(&'static str),
    /// The job is somebody else's now.
    Left,
}

impl Broker {
    fn juju_folder(&self) -> PathBuf {
        self.settings.bootstrap.folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Removes what runs of the client have left that nobody could clean up after.
    pub fn sweep_juju_folders(&self) {
        let swept = sweep(&self.juju_folder());
        if swept > 0 {
            tracing::warn!(swept, "folders removed that the juju client had left when its broker died");
        }
    }

    /// A folder for one run.
    pub(in crate::broker) fn new_juju_folder(&self) -> Result<Folder> {
        let below = self.juju_folder();
        Folder::new(&below).map_err(|e| {
            let text = format!("no folder for the juju client in {} (JIMM_BOOTSTRAP_DIR)", below.display());
            Error::new(Kind::Internal, text).with_source(e)
        })
    }

    /// The client that makes or destroys a controller of that version.
    pub(in crate::broker) async fn juju_client(&self, wanted: &str) -> Result<Client> {
        let folder = self.new_juju_folder()?;
        let found = find_client(&self.settings.bootstrap.programs, wanted, folder.path()).await;
        found.map_err(|e| Error::new(Kind::NotSupported, e.to_string()))
    }

    /// Runs the client to its end, or until somebody or something stops it.
    pub(in crate::broker) async fn run_juju(
        &self,
        work: &Work,
        (program, args): (&str, &[String]),
        folder: &mut Folder,
        redactor: &Redactor,
    ) -> Result<Over> {
        let started = Running::start(program, args, folder, GRACE);
        let mut running =
            started.map_err(|e| Error::new(Kind::Internal, "the juju client cannot be run").with_source(e))?;
        let deadline = Instant::now() + self.settings.bootstrap.timeout;
        let mut look = Instant::now() + LOOK;
        let (mut stopped, mut told, mut lines) = (None, String::new(), 0);
        loop {
            tokio::select! {
                line = running.line() => {
                    let Some(line) = line else { break };
                    let line = redactor.line(&line);
                    if line.starts_with("ERROR") {
                        line.clone_into(&mut told);
                    }
                    lines += 1;
                    if lines <= MOST_LINES && !self.keep_line(work, &line).await {
                        return Ok(Over::Left);
                    }
                }
                () = work.leave.cancelled(), if stopped.is_none() => {
                    running.stop();
                    return Ok(Over::Stopped("the broker that ran it was stopped"));
                }
                () = sleep_until(look) => {
                    look = Instant::now() + LOOK;
                    if stopped.is_some() {
                        continue;
                    }
                    let why = if Instant::now() >= deadline { Some("it took too long") } else { self.is_unwanted(work).await };
                    if let Some(why) = why {
                        stopped = Some(why);
                        running.stop();
                        let line = format!("{why}: the juju client has {} s to clean up after itself", GRACE.as_secs());
                        self.keep_line(work, &line).await;
                    }
                }
            }
        }
        let ended = running.ended(folder).await;
        Ok(stopped.map_or(Over::Itself(ended, told), Over::Stopped))
    }

    async fn is_unwanted(&self, work: &Work) -> Option<&'static str> {
        let job = async { jobs::get(&mut *self.store.acquire().await?, work.job.id).await }.await;
        // A database that is away wants nothing.
        job.ok().flatten().filter(|job| job.cancel_requested).map(|_| "somebody stopped it")
    }

    /// Keeps a line of the log; `false` when the job is somebody else's. One that cannot be written is lost.
    pub(in crate::broker) async fn keep_line(&self, work: &Work, line: &str) -> bool {
        let kept = async { job_logs::append(&mut *self.store.acquire().await?, work.lease, line).await }.await;
        kept.unwrap_or_else(|error| {
            tracing::warn!(job.id = work.job.id, error = %error, "line of a job's log lost");
            true
        })
    }
}
