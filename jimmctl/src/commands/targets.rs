//! `list-migration-targets MODEL`.

use jimm_proto::params::jimm::{ListControllersResponse, ListMigrationTargetsRequest};

use super::rows::{ControllerYaml, controller_table};
use crate::cli::{GlobalArgs, ListMigrationTargetsArgs};
use crate::error::{Failure, Result};
use crate::session::Session;

pub(super) async fn run(global: &GlobalArgs, args: &ListMigrationTargetsArgs) -> Result<()> {
    let model = args.model.as_deref().ok_or_else(|| Failure::usage("model uuid not specified"))?;
    let params = ListMigrationTargetsRequest { model_tag: model.to_owned() };
    let answer: Result<ListControllersResponse> =
        async { Session::open(global).await?.call("ListMigrationTargets", &params).await }.await;
    let controllers = args.output.or_nothing(answer)?.controllers;
    let yaml: Vec<ControllerYaml<'_>> = controllers.iter().map(Into::into).collect();
    args.output.print(&controllers, &yaml, || controller_table(&controllers))
}
