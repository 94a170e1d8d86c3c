//! `update-migrated-model CONTROLLER UUID`: silent on success.

use jimm_proto::params::jimm::UpdateMigratedModelRequest;
use serde::de::IgnoredAny;

use super::import_model::controller_and_uuid;
use crate::cli::{GlobalArgs, UpdateMigratedModelArgs};
use crate::error::Result;
use crate::session::Session;

pub(super) async fn run(global: &GlobalArgs, args: &UpdateMigratedModelArgs) -> Result<()> {
    let (controller, uuid) = controller_and_uuid(args.host.as_deref(), args.model.as_deref())?;
    let params =
        UpdateMigratedModelRequest { model_tag: format!("model-{uuid}"), target_controller: controller.to_owned() };
    let _: IgnoredAny = Session::open(global).await?.call("UpdateMigratedModel", &params).await?;
    Ok(())
}
