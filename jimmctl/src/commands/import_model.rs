//! `import-model CONTROLLER UUID [--owner USER]`: silent on success, warnings on standard error.

use jimm_proto::params::jimm::{ImportModelRequest, ImportModelResult};
use uuid::Uuid;

use crate::cli::{GlobalArgs, ImportModelArgs};
use crate::error::{Failure, Result};
use crate::session::Session;

pub(super) async fn run(global: &GlobalArgs, args: &ImportModelArgs) -> Result<()> {
    let (controller, uuid) = controller_and_uuid(args.host.as_deref(), args.model.as_deref())?;
    let params = ImportModelRequest {
        controller: controller.to_owned(),
        model_tag: format!("model-{uuid}"),
        owner: args.owner.clone().unwrap_or_default(),
    };
    let result: ImportModelResult = Session::open(global).await?.call("ImportModel", &params).await?;
    if !global.quiet {
        for warning in &result.warnings {
            eprintln!("WARNING {warning}");
        }
    }
    Ok(())
}

/// The arguments of commands that take a controller and a model's UUID, with the reference's words.
pub(super) fn controller_and_uuid<'a>(controller: Option<&'a str>, model: Option<&'a str>) -> Result<(&'a str, Uuid)> {
    let controller = controller.ok_or_else(|| Failure::usage("controller not specified"))?;
    let model = model.ok_or_else(|| Failure::usage("model uuid not specified"))?;
    let uuid = Uuid::try_parse(model).map_err(|_| Failure::usage("invalid model uuid"))?;
    Ok((controller, uuid))
}
