//! `migrate-in MODEL`: brings a model in from a controller that the Juju client store knows: tells the broker, then the
//! controller, and follows to the end. Both go on by themselves when nobody watches.

mod follow;
mod source;

use jimm_proto::params::controller::{MigrationSpec, MigrationTargetInfo};
use jimm_proto::params::jimm_incoming::{PrepareModelMigrationRequest, PrepareModelMigrationResponse};

use self::source::Source;
use super::user_mapping;
use crate::cli::GlobalArgs;
use crate::cli::incoming::MigrateInArgs;
use crate::error::{Failure, Result};
use crate::session::Session;

pub(super) async fn run(global: &GlobalArgs, args: &MigrateInArgs) -> Result<()> {
    let model = args.model.as_deref().ok_or_else(|| Failure::usage("model not specified"))?;
    let from = args.from.as_deref().ok_or_else(|| Failure::usage("--from CONTROLLER not specified"))?;
    let mapping = args.user_mapping.as_deref().map(user_mapping::read).transpose()?;
    let source = Source::open(from).await?;
    let found = source.model(model).await?;
    let users = source.users(&found).await?;
    if args.draft_mapping {
        print!("{}", user_mapping::draft(&found.called(), &users));
        return Ok(());
    }
    let mapping = mapping.unwrap_or_default();
    user_mapping::covers(&mapping, &users)?;
    let session = Session::open(global).await?;
    let request = PrepareModelMigrationRequest {
        model_tag: found.tag(),
        backing_controller_name: args.backing_controller.clone().unwrap_or_default(),
        user_mapping: mapping,
    };
    let prepared: PrepareModelMigrationResponse = session.call("PrepareModelMigration", &request).await?;
    let (addrs, ca_cert) = session.place();
    let target_info = MigrationTargetInfo {
        controller_tag: session.controller_tag(),
        addrs,
        ca_cert,
        auth_tag: format!("user-{}", session.user()),
        token: prepared.token,
        // Who is who was said to the broker.
        skip_user_checks: true,
        ..MigrationTargetInfo::default()
    };
    let id = source.initiate(MigrationSpec { model_tag: found.tag(), target_info }).await?;
    if !global.quiet {
        eprintln!("{}: migration {id} has begun", found.called());
    }
    if args.detach {
        return Ok(());
    }
    tokio::select! {
        ended = follow::to_the_end(global, from, &found) => ended,
        _ = tokio::signal::ctrl_c() => {
            Err(Failure::failed("stopped watching").with_hint("source and broker go on; \"jimmctl models\" shows the model when it has come in"))
        }
    }
}
