//! `JIMM` version 4: the broker's own facade, for operators.

use jimm_proto::params::controller::InitiateMigrationResults;
use jimm_proto::params::jimm::{
    AddControllerRequest, CheckMigrationResults, ControllerInfo, ControllerName, FullModelStatusRequest,
    ImportModelRequest, ImportModelResult, ListControllersResponse, ListMigrationTargetsRequest, ListModelsRequest,
    ListModelsResponse, MigrateModelRequest, MigrationStatusRequest, MigrationStatusResults, ModelControllerInfo,
    ModelControllerInfoRequest, RemoveControllerRequest, SetControllerDeprecatedRequest, UpdateMigratedModelRequest,
    VersionResponse,
};
use serde_json::value::RawValue;

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods of the facade.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "AddController", Access::Admin, Audit::NoParams, add_controller),
    method!(JIMM, [4], "RemoveController", Access::Admin, Audit::Params, remove_controller),
    method!(JIMM, [4], "ListControllers", Access::User, Audit::Params, list_controllers),
    method!(JIMM, [4], "ShowController", Access::Admin, Audit::Params, show_controller),
    method!(JIMM, [4], "SetControllerDeprecated", Access::Admin, Audit::Params, set_controller_deprecated),
    method!(JIMM, [4], "ImportModel", Access::Admin, Audit::Params, import_model),
    method!(JIMM, [4], "MigrateModel", Access::ModelAdmin, Audit::Params, migrate_model),
    method!(JIMM, [4], "CheckMigration", Access::ModelAdmin, Audit::Params, check_migration),
    method!(JIMM, [4], "MigrationStatus", Access::ModelRead, Audit::Params, migration_status),
    method!(JIMM, [4], "UpdateMigratedModel", Access::Admin, Audit::Params, update_migrated_model),
    method!(JIMM, [4], "ListMigrationTargets", Access::Admin, Audit::Params, list_migration_targets),
    method!(JIMM, [4], "FullModelStatus", Access::Admin, Audit::Params, full_model_status),
    method!(JIMM, [4], "ModelControllerInfo", Access::Admin, Audit::Params, model_controller_info),
    method!(JIMM, [4], "ListModels", Access::User, Audit::Params, list_models),
    method!(JIMM, [4], "Version", Access::User, Audit::Params, version),
    method!(JIMM, [4], "DisableControllerUUIDMasking", Access::Admin, Audit::Params, disable_masking),
];

async fn add_controller(ctx: &CallContext, args: AddControllerRequest) -> Result<ControllerInfo> {
    ctx.broker.add_controller(&ctx.requester, args).await
}

async fn remove_controller(ctx: &CallContext, args: RemoveControllerRequest) -> Result<ControllerInfo> {
    ctx.broker.remove_controller(&args.name, args.force).await
}

async fn list_controllers(ctx: &CallContext, _: Empty) -> Result<ListControllersResponse> {
    Ok(ListControllersResponse { controllers: ctx.broker.list_controllers(&ctx.requester).await? })
}

async fn show_controller(ctx: &CallContext, args: ControllerName) -> Result<ControllerInfo> {
    ctx.broker.show_controller(&args.name).await
}

async fn set_controller_deprecated(ctx: &CallContext, args: SetControllerDeprecatedRequest) -> Result<ControllerInfo> {
    ctx.broker.set_controller_deprecated(&args.name, args.deprecated).await
}

async fn import_model(ctx: &CallContext, args: ImportModelRequest) -> Result<ImportModelResult> {
    ctx.broker.import_model(&ctx.requester, &args).await
}

async fn migrate_model(ctx: &CallContext, args: MigrateModelRequest) -> Result<InitiateMigrationResults> {
    Ok(InitiateMigrationResults { results: ctx.broker.migrate_models(&ctx.requester, &args.specs).await })
}

async fn check_migration(ctx: &CallContext, args: MigrateModelRequest) -> Result<CheckMigrationResults> {
    Ok(CheckMigrationResults { results: ctx.broker.check_migrations(&ctx.requester, &args.specs).await })
}

async fn migration_status(ctx: &CallContext, args: MigrationStatusRequest) -> Result<MigrationStatusResults> {
    Ok(MigrationStatusResults { results: ctx.broker.migration_statuses(&ctx.requester, &args.models).await? })
}

async fn update_migrated_model(ctx: &CallContext, args: UpdateMigratedModelRequest) -> Result<Empty> {
    ctx.broker.update_migrated_model(&ctx.requester, &args.model_tag, &args.target_controller).await?;
    Ok(Empty {})
}

async fn list_migration_targets(
    ctx: &CallContext,
    args: ListMigrationTargetsRequest,
) -> Result<ListControllersResponse> {
    Ok(ListControllersResponse { controllers: ctx.broker.migration_targets(&args.model_tag).await? })
}

async fn full_model_status(ctx: &CallContext, args: FullModelStatusRequest) -> Result<Box<RawValue>> {
    ctx.broker.full_status(&args.model_tag, args.patterns).await
}

async fn model_controller_info(ctx: &CallContext, args: ModelControllerInfoRequest) -> Result<ModelControllerInfo> {
    ctx.broker.model_controller(&args.model).await
}

async fn list_models(ctx: &CallContext, args: ListModelsRequest) -> Result<ListModelsResponse> {
    ctx.broker.inventory(&ctx.requester, &args).await
}

async fn version(_: &CallContext, _: Empty) -> Result<VersionResponse> {
    Ok(VersionResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("JIMM_COMMIT").unwrap_or_default().to_owned(),
    })
}

async fn disable_masking(ctx: &CallContext, _: Empty) -> Result<Empty> {
    ctx.connection.unmask_controllers();
    Ok(Empty {})
}
