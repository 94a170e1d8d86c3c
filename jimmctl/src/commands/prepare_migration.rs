//! `prepare-migration MODEL`: the broker is told of a model that comes in, and answers the token for its source.

use jimm_proto::params::jimm_incoming::{PrepareModelMigrationRequest, PrepareModelMigrationResponse};
use uuid::Uuid;

use super::user_mapping;
use crate::cli::GlobalArgs;
use crate::cli::incoming::PrepareMigrationArgs;
use crate::error::{Failure, Result};
use crate::session::Session;

pub(super) async fn run(global: &GlobalArgs, args: &PrepareMigrationArgs) -> Result<()> {
    let model = args.model.as_deref().ok_or_else(|| Failure::usage("model uuid not specified"))?;
    let uuid = Uuid::try_parse(model).map_err(|_| Failure::usage("invalid model uuid"))?;
    let missing = |what: &str| Failure::usage(format!("{what} not specified"));
    let controller = args.backing_controller.clone().ok_or_else(|| missing("--backing-controller"))?;
    let file = args.user_mapping.as_deref().ok_or_else(|| missing("--user-mapping"))?;
    let request = PrepareModelMigrationRequest {
        model_tag: format!("model-{uuid}"),
        backing_controller_name: controller,
        user_mapping: user_mapping::read(file)?,
    };
    let answer = async { Session::open(global).await?.call("PrepareModelMigration", &request).await };
    let answer: PrepareModelMigrationResponse = args.output.or_nothing(answer.await)?;
    args.output.print(&answer, &answer, || format!("{}\n", answer.token))
}
