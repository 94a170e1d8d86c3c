//! Watching a migration from both ends: the broker knows whether the model has come in, older sources what they are
//! about. Connections that break are made anew.

use std::time::{Duration, Instant};

use jimm_proto::params::jimm_incoming::{IncomingMigrationStatus, IncomingMigrationStatusRequest};

use super::source::{Found, Source};
use crate::cli::GlobalArgs;
use crate::error::{Failure, Result};
use crate::session::Session;

/// How often both are asked.
const POLL: Duration = Duration::from_millis(500);
/// How long the broker may be away before we stop watching.
const AWAY: Duration = Duration::from_secs(600);
/// How long a source may have nothing more to tell once the model has come in: newer ones never tell anything.
const SILENT: Duration = Duration::from_secs(5);

/// What the source tells.
enum Told {
    /// What it is about, and whether it is over.
    Status(String, bool),
    /// Nothing: it is a newer one, or cannot be asked now.
    Nothing,
    /// It does not have the model any more.
    Gone,
}

/// Waits until the model has come in, or does not.
pub(super) async fn to_the_end(global: &GlobalArgs, from: &str, model: &Found) -> Result<()> {
    let quiet = GlobalArgs { no_browser_login: true, ..global.clone() };
    let (mut broker, mut source) = (None, None);
    let mut news = News { quiet: global.quiet, last: String::new(), model: model.called() };
    let mut seen = Instant::now();
    let mut active_since = None;
    loop {
        let told = ask_source(from, model, &mut source).await;
        if let Told::Status(status, over) = &told {
            news.tell(status);
            if *over && status.starts_with("aborted") {
                return Err(aborted(status));
            }
        }
        match ask_broker(&quiet, model, &mut broker).await {
            Ok(status) => {
                seen = Instant::now();
                match status.state.as_str() {
                    "aborted" if status.message.is_empty() => {
                        return Err(aborted(&format!(
                            "aborted: controller {from} gave up without telling why: see its log"
                        )));
                    }
                    "aborted" => return Err(aborted(&format!("aborted: {}", status.message))),
                    "active" => {
                        let since = *active_since.get_or_insert_with(Instant::now);
                        news.tell("the model is in the broker");
                        let is_over = matches!(told, Told::Gone | Told::Status(_, true));
                        if is_over || (matches!(told, Told::Nothing) && since.elapsed() > SILENT) {
                            return Ok(());
                        }
                    }
                    "importing" if matches!(told, Told::Nothing) => news.tell("the model is being taken in"),
                    _ => {}
                }
            }
            // An answer with a code is the broker's word; anything else is a broken line, which may come back.
            Err(error) if !error.code().is_empty() || seen.elapsed() > AWAY => return Err(error),
            Err(error) => news.tell(&format!("waiting for the broker: {error}")),
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn ask_broker(global: &GlobalArgs, model: &Found, kept: &mut Option<Session>) -> Result<IncomingMigrationStatus> {
    let session = match kept.take() {
        Some(session) => session,
        None => Session::open(global).await?,
    };
    let request = IncomingMigrationStatusRequest { model_tag: model.tag() };
    let status = session.call("IncomingMigrationStatus", &request).await?;
    *kept = Some(session);
    Ok(status)
}

async fn ask_source(from: &str, model: &Found, kept: &mut Option<Source>) -> Told {
    let source = match kept.take() {
        Some(source) => source,
        None => match Source::open(from).await {
            Ok(source) => source,
            Err(_) => return Told::Nothing,
        },
    };
    let info = source.info(model).await;
    let told = match info {
        Ok(info) => match info.migration {
            Some(migration) => Told::Status(migration.status, migration.end.is_some()),
            None => Told::Nothing,
        },
        Err(error) if matches!(error.code(), "unauthorized access" | "not found" | "model not found") => Told::Gone,
        Err(_) => return Told::Nothing,
    };
    *kept = Some(source);
    told
}

fn aborted(why: &str) -> Failure {
    Failure::failed(why.to_owned()).with_hint("the model is where it was; mend what is in the way and try again")
}

/// What was told last.
struct News {
    quiet: bool,
    last: String,
    model: String,
}

impl News {
    fn tell(&mut self, news: &str) {
        if !self.quiet && self.last != news {
            eprintln!("{}: {news}", self.model);
            news.clone_into(&mut self.last);
        }
    }
}
