//! `migrations`, `show-migration`, `watch-migration`, `abort-migration`, `retry-migration`.

use std::time::{Duration, Instant};

use jimm_proto::params::jimm::MigrationStatus;
use jimm_proto::params::jimm_migrations::{
    AbortMigrationResponse, ListMigrationsRequest, ListMigrationsResponse, Migration, MigrationName,
};

use super::migrations_table;
use crate::cli::GlobalArgs;
use crate::cli::migrations::{MigrationArgs, MigrationsArgs, RetryMigrationArgs};
use crate::error::{Failure, Result};
use crate::output::Format;
use crate::progress::Progress;
use crate::session::Session;

/// How often the broker is asked for news.
const POLL: Duration = Duration::from_millis(500);
/// How long the broker may be away before we stop watching.
const AWAY: Duration = Duration::from_secs(600);
const RUNNING: &str = "running";

pub(super) async fn list(global: &GlobalArgs, args: &MigrationsArgs) -> Result<()> {
    let everything = args.all || args.model.is_some() || !args.states.is_empty();
    let params = ListMigrationsRequest {
        model: args.model.clone().unwrap_or_default(),
        controller: args.on.clone().unwrap_or_default(),
        states: if everything { args.states.clone() } else { vec![RUNNING.to_owned()] },
        plan: None,
        count: args.count,
        cursor: args.before.map(|id| id.to_string()).unwrap_or_default(),
    };
    let answer = async { Session::open(global).await?.call("ListMigrations", &params).await }.await;
    let answer: ListMigrationsResponse = args.output.or_nothing(answer)?;
    args.output.print(&answer, &answer.migrations, || migrations_table::list(&answer.migrations))?;
    if !answer.next_cursor.is_empty() && !global.quiet {
        eprintln!("there are more: --before {}", answer.next_cursor);
    }
    Ok(())
}

pub(super) async fn show(global: &GlobalArgs, args: &MigrationArgs) -> Result<()> {
    let name = name_of(args.migration.as_deref())?;
    let answer = async { Session::open(global).await?.call("ShowMigration", &name).await }.await;
    let shown: Migration = args.output.or_nothing(answer)?;
    args.output.print(&shown, &shown, || migrations_table::one(&shown))
}

pub(super) async fn watch(global: &GlobalArgs, args: &MigrationArgs) -> Result<()> {
    let name = name_of(args.migration.as_deref())?;
    let ended = args.output.or_nothing(follow(global, name).await)?;
    print_end(args, &ended)
}

pub(super) async fn abort(global: &GlobalArgs, args: &MigrationArgs) -> Result<()> {
    let name = name_of(args.migration.as_deref())?;
    let answer = async { Session::open(global).await?.call("AbortMigration", &name).await }.await;
    let told: AbortMigrationResponse = args.output.or_nothing(answer)?;
    args.output.print(&told, &told, || format!("migration {}: {}\n", told.id, told.message))
}

pub(super) async fn retry(global: &GlobalArgs, args: &RetryMigrationArgs) -> Result<()> {
    let name = name_of(args.migration.as_deref())?;
    let answer = async { Session::open(global).await?.call("RetryMigration", &name).await }.await;
    let begun: Migration = args.output.or_nothing(answer)?;
    let print = MigrationArgs { migration: None, output: args.output.clone() };
    if args.no_wait {
        return print.output.print(&begun, &begun, || {
            format!("migration {} of {}: attempt {} has begun\n", begun.id, begun.model, begun.attempt)
        });
    }
    let ended = args.output.or_nothing(follow(global, MigrationName { migration: begun.id.to_string() }).await)?;
    print_end(&print, &ended)
}

fn name_of(given: Option<&str>) -> Result<MigrationName> {
    let given = given.ok_or_else(|| Failure::usage("missing the number of a migration, or a model"))?;
    Ok(MigrationName { migration: given.to_owned() })
}

/// Prints how a move ended; the exit code says whether the model is at the target.
fn print_end(args: &MigrationArgs, ended: &Migration) -> Result<()> {
    if args.output.format() != Format::Tabular || args.output.output.is_some() {
        args.output.print(ended, ended, || migrations_table::one(ended))?;
    }
    if ended.state == "done" {
        if args.output.format() == Format::Tabular {
            println!("{}: {}", ended.model, ended.message);
        }
        return Ok(());
    }
    let failure = Failure::failed(format!("{}: {}: {}", ended.model, ended.state, ended.reason));
    Err(if ended.next_step.is_empty() { failure } else { failure.with_hint(ended.next_step.clone()) })
}

/// Tells of every change until the move has ended. A broker that goes away meanwhile may come back.
async fn follow(global: &GlobalArgs, mut name: MigrationName) -> Result<Migration> {
    let progress = Progress::new(global.quiet);
    let mut session = None;
    let mut seen = Instant::now();
    loop {
        match look(global, &mut session, &name).await {
            Ok(shown) => {
                seen = Instant::now();
                // Another move of the same model is not the one that was asked for.
                name.migration = shown.id.to_string();
                progress.show(&status_of(&shown));
                if shown.state != RUNNING {
                    progress.finish();
                    return Ok(shown);
                }
            }
            Err(e) if !e.code().is_empty() || seen.elapsed() > AWAY => return Err(e),
            Err(e) => {
                session = None;
                progress.away(&e.to_string());
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn look(global: &GlobalArgs, session: &mut Option<Session>, name: &MigrationName) -> Result<Migration> {
    let open = match session.take() {
        Some(open) => open,
        None => Session::open(&GlobalArgs { no_browser_login: true, ..global.clone() }).await?,
    };
    let answer = open.call("ShowMigration", name).await?;
    *session = Some(open);
    Ok(answer)
}

/// A move as a line of progress.
fn status_of(shown: &Migration) -> MigrationStatus {
    let message = match (&shown.stuck_since, shown.state.as_str()) {
        (Some(_), RUNNING) => format!("STUCK: {}; {}", shown.stuck_reason, shown.next_step),
        _ => shown.message.clone(),
    };
    MigrationStatus {
        model_tag: shown.model_tag.clone(),
        model: shown.model.clone(),
        state: shown.state.clone(),
        phase: shown.phase.clone(),
        message,
        elapsed_seconds: shown.elapsed_seconds,
        ..MigrationStatus::default()
    }
}
