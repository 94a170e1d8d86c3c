//! `migrate CONTROLLER MODEL…`: check, start, and follow to the end.
//!
//! The broker follows the moves by itself: this command only watches, and takes up watching again when the connection
//! or the broker goes away meanwhile.

use std::time::Duration;

use jimm_proto::params::common::Error;
use jimm_proto::params::controller::{InitiateMigrationResult, InitiateMigrationResults};
use jimm_proto::params::jimm::{
    CheckMigrationResults, MigrateModelRequest, MigrateModelSpec, MigrationStatus, MigrationStatusRequest,
    MigrationStatusResults,
};
use uuid::Uuid;

use super::migrate_table;
use super::rows::MigrationsYaml;
use crate::cli::migrations::CheckMigrationArgs;
use crate::cli::{GlobalArgs, MigrateArgs};
use crate::error::{Failure, Result};
use crate::progress::Progress;
use crate::session::Session;

/// How often the broker is asked for progress.
const POLL: Duration = Duration::from_millis(500);
/// How long the broker may be away before we stop watching.
const AWAY: Duration = Duration::from_secs(600);

pub(super) async fn run(global: &GlobalArgs, args: &MigrateArgs) -> Result<()> {
    let request = request_of(args)?;
    if args.dry_run {
        return check(global, args, &request).await;
    }
    let started = async {
        let session = Session::open(global).await?;
        session.call::<_, InitiateMigrationResults>("MigrateModel", &request).await
    };
    let started = args.output.or_nothing(started.await)?.results;
    if args.no_wait || started.iter().all(|r| r.error.is_some()) {
        print_results(args, &started, || {
            let rows: Vec<_> = started.iter().zip(&args.models).map(|(r, asked)| not_followed(r, asked)).collect();
            migrate_table::outcomes(&rows)
        })?;
        let errors: Vec<&str> = started.iter().filter_map(|r| r.error.as_ref().map(|e| e.message.as_str())).collect();
        return verdict(&errors, started.len());
    }
    let statuses = tokio::select! {
        statuses = follow(global, &started, &args.models) => statuses?,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::failed("stopped watching").with_hint("the broker goes on with the moves; \"jimmctl models\" shows them"));
        }
    };
    let ended: Vec<InitiateMigrationResult> = statuses.iter().map(ending).collect();
    print_results(args, &ended, || migrate_table::outcomes(&statuses))?;
    let errors: Vec<&str> = ended.iter().filter_map(|r| r.error.as_ref().map(|e| e.message.as_str())).collect();
    verdict(&errors, ended.len())
}

/// `check-migration MODEL… CONTROLLER`: the same as `migrate --dry-run`.
pub(super) async fn check_only(global: &GlobalArgs, args: &CheckMigrationArgs) -> Result<()> {
    let [models @ .., target] = args.models_and_target.as_slice() else {
        return Err(Failure::usage("missing models and controller: check-migration MODEL... CONTROLLER"));
    };
    let args = MigrateArgs {
        target: Some(target.clone()),
        models: models.to_vec(),
        dry_run: true,
        no_wait: false,
        output: args.output.clone(),
    };
    run(global, &args).await
}

fn request_of(args: &MigrateArgs) -> Result<MigrateModelRequest> {
    let (Some(target), false) = (&args.target, args.models.is_empty()) else {
        return Err(Failure::usage("Missing controller name and model uuid arguments"));
    };
    let spec = |model: &String| match Uuid::try_parse(model) {
        Ok(uuid) => Ok(MigrateModelSpec { model_tag: format!("model-{uuid}"), target_controller: target.clone() }),
        Err(_) if model.split_once('/').is_some_and(|(owner, name)| !owner.is_empty() && !name.is_empty()) => {
            Ok(MigrateModelSpec { model_tag: model.clone(), target_controller: target.clone() })
        }
        Err(_) => Err(Failure::usage(format!("{model} is not a valid model uuid"))),
    };
    Ok(MigrateModelRequest { specs: args.models.iter().map(spec).collect::<Result<_>>()? })
}

async fn check(global: &GlobalArgs, args: &MigrateArgs, request: &MigrateModelRequest) -> Result<()> {
    let report =
        async { Session::open(global).await?.call::<_, CheckMigrationResults>("CheckMigration", request).await };
    let report = args.output.or_nothing(report.await)?;
    args.output.print(&report, &report, || migrate_table::checks(&report.results, &args.models))?;
    let refused: Vec<&str> = report.results.iter().filter(|r| !r.ok).map(|r| r.model_tag.as_str()).collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!("{} of {} models cannot move: see the report", refused.len(), report.results.len())))
}

fn print_results(args: &MigrateArgs, results: &[InitiateMigrationResult], table: impl Fn() -> String) -> Result<()> {
    let wire = InitiateMigrationResults { results: results.to_vec() };
    args.output.print(&wire, &MigrationsYaml::from(results), table)
}

/// The exit code tells whether every model was moved, and the error why one was not.
fn verdict(errors: &[&str], models: usize) -> Result<()> {
    match errors {
        [] => Ok(()),
        [only] if models == 1 => Err(Failure::failed((*only).to_owned())),
        [first, ..] => {
            Err(Failure::failed(format!("{} of {models} models were not moved; the first: {first}", errors.len())))
        }
    }
}

/// Watches until every move has ended.
async fn follow(
    global: &GlobalArgs,
    started: &[InitiateMigrationResult],
    asked: &[String],
) -> Result<Vec<MigrationStatus>> {
    let moving: Vec<String> = started.iter().filter(|r| r.error.is_none()).map(|r| r.model_tag.clone()).collect();
    let request = MigrationStatusRequest { models: moving };
    let progress = Progress::new(global.quiet);
    let mut session = None;
    let mut last_seen = std::time::Instant::now();
    let ended = loop {
        match poll(global, &mut session, &request).await {
            Ok(statuses) => {
                last_seen = std::time::Instant::now();
                for status in &statuses {
                    progress.show(status);
                }
                if statuses.iter().all(|s| s.error.is_some() || s.state != "running") {
                    break statuses;
                }
            }
            // An answer with a code is the broker's word; anything else is a broken line, which may come back.
            Err(e) if !e.code().is_empty() || last_seen.elapsed() > AWAY => return Err(e),
            Err(e) => {
                session = None;
                progress.away(&e.to_string());
            }
        }
        tokio::time::sleep(POLL).await;
    };
    progress.finish();
    Ok(in_order(started, asked, ended))
}

async fn poll(
    global: &GlobalArgs,
    session: &mut Option<Session>,
    request: &MigrationStatusRequest,
) -> Result<Vec<MigrationStatus>> {
    let open = match session.take() {
        Some(open) => open,
        None => Session::open(&GlobalArgs { no_browser_login: true, ..global.clone() }).await?,
    };
    let answer: MigrationStatusResults = open.call("MigrationStatus", request).await?;
    *session = Some(open);
    Ok(answer.results)
}

/// One status for each model that was asked for, in the order of the command line.
fn in_order(
    started: &[InitiateMigrationResult],
    asked: &[String],
    ended: Vec<MigrationStatus>,
) -> Vec<MigrationStatus> {
    let mut ended = ended.into_iter();
    started
        .iter()
        .zip(asked)
        .map(|(r, asked)| match &r.error {
            Some(_) => not_followed(r, asked),
            None => ended.next().unwrap_or_default(),
        })
        .collect()
}

fn not_followed(result: &InitiateMigrationResult, asked: &str) -> MigrationStatus {
    MigrationStatus {
        model: asked.to_owned(),
        model_tag: result.model_tag.clone(),
        migration_id: result.migration_id.clone(),
        state: if result.error.is_some() { "failed".to_owned() } else { "running".to_owned() },
        error: result.error.clone(),
        ..MigrationStatus::default()
    }
}

/// How a move ended, in the shape that the reference answers.
fn ending(status: &MigrationStatus) -> InitiateMigrationResult {
    let error = match (&status.error, status.state.as_str()) {
        (Some(error), _) => Some(error.clone()),
        (None, "done") => None,
        (None, state) => Some(Error { message: format!("{state}: {}", status.message), ..Error::default() }),
    };
    InitiateMigrationResult { model_tag: status.model_tag.clone(), error, migration_id: status.migration_id.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use jimm_proto::params::jimm::CheckMigrationResult;

    fn parse(args: &[&str]) -> Result<MigrateModelRequest> {
        let cli = Cli::try_parse_from(["jimmctl", "migrate"].iter().chain(args)).expect("parses");
        let Command::Migrate(args) = cli.command else { panic!("not migrate") };
        request_of(&args)
    }

    #[test]
    fn arguments() {
        let uuid = "2af9538e-8532-4b90-a58e-7b39c60aa423";
        let request = parse(&["c2", uuid, "alice@example.com/m"]).expect("valid");
        let tags: Vec<&str> = request.specs.iter().map(|s| s.model_tag.as_str()).collect();
        assert_eq!(tags, [format!("model-{uuid}").as_str(), "alice@example.com/m"]);
        for (args, text) in [
            (&[][..], "Missing controller name and model uuid arguments"),
            (&["c2"][..], "Missing controller name and model uuid arguments"),
            (&["c2", "nonsense"][..], "nonsense is not a valid model uuid"),
        ] {
            let error = parse(args).expect_err(text);
            assert_eq!((error.to_string().as_str(), error.exit_code()), (text, 2));
        }
    }

    #[test]
    fn a_refused_model_is_named_as_it_was_asked_for() {
        let refused = Some(Error { message: "model not found".into(), ..Default::default() });
        let started = [InitiateMigrationResult { error: refused.clone(), ..Default::default() }];
        let table = migrate_table::outcomes(&in_order(&started, &["alice@example.com/m".to_owned()], Vec::new()));
        assert!(table.contains("\nalice@example.com/m  "), "{table}");
        let report = [CheckMigrationResult { error: refused, ..Default::default() }];
        let text = migrate_table::checks(&report, &["alice@example.com/m".to_owned()]);
        assert_eq!(text, "alice@example.com/m: model not found\n\n");
    }

    #[test]
    fn an_aborted_move_is_an_error() {
        let status = MigrationStatus { state: "aborted".into(), message: "target full".into(), ..Default::default() };
        assert_eq!(ending(&status).error.map(|e| e.message), Some("aborted: target full".to_owned()));
        assert!(ending(&MigrationStatus { state: "done".into(), ..Default::default() }).error.is_none());
    }
}
