//! `Controller`, versions 11 to 14: the broker described as if it were one controller.
//!
//! From version 13 on models have qualifiers. Knows no SQL and dials nobody.

use futures_util::FutureExt as _;
use jimm_proto::params::common::{Entities, ErrorResults, StringResult};
use jimm_proto::params::controller::{
    ControllerAPIInfoResult, ControllerAPIInfoResults, ControllerConfigResult, ControllerConfigSet,
    ControllerVersionResults, InitiateMigrationArgs, InitiateMigrationResult, InitiateMigrationResults,
    ModifyControllerAccessRequest, UserAccessResult, UserAccessResults,
};
use jimm_proto::params::model_manager::{ModelStatusResults, UserModelList};

use super::CallContext;
use super::bulk::look_up;
use super::method::{Access, Audit, Empty, Method, method};
use super::model_manager::{each_tag, statuses, tags};
use super::view::{View, entries, entry_error};
use crate::error::{Error, Kind, Result};

const FACADE: &str = "Controller";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [11, 12, 13, 14], "AllModels", Access::User, Audit::Params, all_models),
    method!(FACADE, [11, 12, 13, 14], "ConfigSet", Access::Nobody, Audit::NoParams, config_set),
    method!(FACADE, [11, 12, 13, 14], "ControllerConfig", Access::User, Audit::Params, controller_config),
    method!(FACADE, [11, 12, 13, 14], "ControllerVersion", Access::User, Audit::Params, controller_version),
    method!(FACADE, [11, 12, 13, 14], "GetControllerAccess", Access::Own, Audit::Params, controller_access),
    method!(FACADE, [11, 12, 13, 14], "ModifyControllerAccess", Access::Admin, Audit::Params, modify_access),
    method!(FACADE, [11, 12, 13, 14], "IdentityProviderURL", Access::User, Audit::Params, identity_provider_url),
    method!(FACADE, [11, 12, 13, 14], "InitiateMigration", Access::ModelAdmin, Audit::NoParams, initiate_migration),
    method!(FACADE, [11, 12, 13, 14], "ModelStatus", Access::ModelAdmin, Audit::Params, model_status),
    method!(FACADE, [11, 12, 13, 14], "MongoVersion", Access::Nobody, Audit::Params, mongo_version),
    method!(FACADE, [11, 12, 13, 14], "ControllerAPIInfoForModels", Access::ModelRead, Audit::Params, api_info),
];

fn view(ctx: &CallContext) -> View {
    View::of(ctx, ctx.version >= 13)
}

async fn all_models(ctx: &CallContext, _args: Empty) -> Result<UserModelList> {
    let view = view(ctx);
    let models = ctx.broker.list_models(&ctx.requester).await?;
    Ok(UserModelList { user_models: models.into_iter().map(|m| view.user_model(m)).collect() })
}

async fn config_set(_ctx: &CallContext, _args: ControllerConfigSet) -> Result<Empty> {
    Err(Error::new(Kind::NotSupported, "not supported: set the broker's configuration where it runs"))
}

async fn controller_config(ctx: &CallContext, _args: Empty) -> Result<ControllerConfigResult> {
    Ok(ControllerConfigResult { config: ctx.broker.controller_config() })
}

async fn controller_version(ctx: &CallContext, _args: Empty) -> Result<ControllerVersionResults> {
    ctx.broker.controller_version().await
}

async fn controller_access(ctx: &CallContext, args: Entities) -> Result<UserAccessResults> {
    let accesses = ctx.broker.controller_accesses(&ctx.requester, &tags(&args)).await?;
    let result = |access| match access {
        Ok(access) => UserAccessResult { result: Some(access), error: None },
        Err(e) => UserAccessResult { result: None, error: Some(entry_error(&e)) },
    };
    Ok(UserAccessResults { results: accesses.into_iter().map(result).collect() })
}

async fn modify_access(ctx: &CallContext, args: ModifyControllerAccessRequest) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.changes.len());
    for change in args.changes {
        results.push(ctx.broker.modify_controller_access(&ctx.requester, &change).await);
    }
    Ok(entries(results))
}

async fn identity_provider_url(_ctx: &CallContext, _args: Empty) -> Result<StringResult> {
    Ok(StringResult::default())
}

async fn initiate_migration(ctx: &CallContext, args: InitiateMigrationArgs) -> Result<InitiateMigrationResults> {
    let mut results = Vec::with_capacity(args.specs.len());
    for spec in args.specs {
        let model_tag = spec.model_tag.clone();
        results.push(match ctx.broker.initiate_migration(&ctx.requester, spec, args.dry_run).await {
            Ok(migration_id) => InitiateMigrationResult { model_tag, error: None, migration_id },
            Err(e) => InitiateMigrationResult { model_tag, error: Some(entry_error(&e)), migration_id: String::new() },
        });
    }
    Ok(InitiateMigrationResults { results })
}

async fn model_status(ctx: &CallContext, args: Entities) -> Result<ModelStatusResults> {
    Ok(statuses(&view(ctx), ctx.broker.model_statuses(&ctx.requester, &tags(&args)).await?))
}

async fn mongo_version(_ctx: &CallContext, _args: Empty) -> Result<StringResult> {
    Err(Error::new(Kind::NotSupported, "not supported: a broker keeps nothing in MongoDB"))
}

async fn api_info(ctx: &CallContext, args: Entities) -> Result<ControllerAPIInfoResults> {
    let look = |tag| {
        async move {
            let info = ctx.broker.controller_api_info(&ctx.requester, tag).await;
            info.unwrap_or_else(|e| ControllerAPIInfoResult { error: Some(entry_error(&e)), ..Default::default() })
        }
        .boxed()
    };
    Ok(ControllerAPIInfoResults { results: look_up(each_tag(&args), look).await })
}
