//! `ModelManager`, versions 9 to 11: models from creation to destruction, and who may use them.
//!
//! Version 11 speaks of qualifiers where 9 and 10 speak of owner tags. Knows no SQL and dials nobody.

use futures_util::FutureExt as _;
use jimm_proto::params::common::{Entities, Entity, ErrorResults, MapResult, MapResults, StringResult, StringResults};
use jimm_proto::params::model_manager::{
    ChangeModelCredentialsParams, DestroyModelsParams, DumpModelRequest, ModelCreateArgs, ModelDefaultsResult,
    ModelDefaultsResults, ModelInfo, ModelInfoResult, ModelInfoResults, ModelStatus, ModelStatusResults,
    ModelSummariesRequest, ModelSummaryResult, ModelSummaryResults, ModifyModelAccessRequest, SetModelDefaults,
    UnsetModelDefaults, UserModelList, ValidateModelUpgradeParams,
};

use super::CallContext;
use super::bulk::look_up;
use super::method::{Access, Audit, Method, method};
use super::view::{View, entries, entry_error};
use crate::error::Result;

const FACADE: &str = "ModelManager";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [9, 10, 11], "ValidateModelUpgrades", Access::ModelAdmin, Audit::Params, validate_upgrades),
    method!(FACADE, [9, 10, 11], "CreateModel", Access::CloudUse, Audit::NoParams, create_model),
    method!(FACADE, [9, 10, 11], "ModelInfo", Access::ModelRead, Audit::Params, model_info),
    method!(FACADE, [9, 10, 11], "ListModels", Access::User, Audit::Params, list_models),
    method!(FACADE, [9, 10, 11], "ListModelSummaries", Access::User, Audit::Params, list_model_summaries),
    method!(FACADE, [9, 10, 11], "ModelStatus", Access::ModelAdmin, Audit::Params, model_status),
    method!(FACADE, [9, 10, 11], "DestroyModels", Access::ModelAdmin, Audit::Params, destroy_models),
    method!(FACADE, [9, 10, 11], "ModifyModelAccess", Access::ModelAdmin, Audit::Params, modify_model_access),
    method!(FACADE, [9, 10, 11], "ChangeModelCredential", Access::ModelAdmin, Audit::Params, change_model_credential),
    method!(FACADE, [9, 10, 11], "DumpModels", Access::ModelAdmin, Audit::Params, dump_models),
    method!(FACADE, [9, 10, 11], "DumpModelsDB", Access::ModelAdmin, Audit::Params, dump_models_db),
    method!(FACADE, [9, 10, 11], "SetModelDefaults", Access::CloudUse, Audit::NoParams, set_model_defaults),
    method!(FACADE, [9, 10, 11], "UnsetModelDefaults", Access::CloudUse, Audit::Params, unset_model_defaults),
    method!(FACADE, [9, 10, 11], "ModelDefaultsForClouds", Access::CloudUse, Audit::Params, model_defaults_for_clouds),
];

fn view(ctx: &CallContext) -> View {
    View::of(ctx, ctx.version >= 11)
}

async fn create_model(ctx: &CallContext, args: ModelCreateArgs) -> Result<ModelInfo> {
    let info = ctx.broker.create_model(&ctx.requester, args).await?;
    Ok(view(ctx).model_info(info))
}

async fn model_info(ctx: &CallContext, args: Entities) -> Result<ModelInfoResults> {
    let view = view(ctx);
    let infos = ctx.broker.model_infos(&ctx.requester, &tags(&args)).await;
    let results = infos
        .into_iter()
        .map(|info| match info {
            Ok(info) => ModelInfoResult { result: Some(view.model_info(info)), error: None },
            Err(e) => ModelInfoResult { result: None, error: Some(entry_error(&e)) },
        })
        .collect();
    Ok(ModelInfoResults { results })
}

async fn list_models(ctx: &CallContext, _user: Entity) -> Result<UserModelList> {
    let view = view(ctx);
    let models = ctx.broker.list_models(&ctx.requester).await?;
    Ok(UserModelList { user_models: models.into_iter().map(|m| view.user_model(m)).collect() })
}

async fn list_model_summaries(ctx: &CallContext, args: ModelSummariesRequest) -> Result<ModelSummaryResults> {
    let view = view(ctx);
    let summaries = ctx.broker.model_summaries(&ctx.requester, args.all).await?;
    let results = summaries
        .into_iter()
        .map(|s| ModelSummaryResult { result: Some(view.model_summary(s)), error: None })
        .collect();
    Ok(ModelSummaryResults { results })
}

async fn model_status(ctx: &CallContext, args: Entities) -> Result<ModelStatusResults> {
    Ok(statuses(&view(ctx), ctx.broker.model_statuses(&ctx.requester, &tags(&args)).await?))
}

/// The answer of `ModelStatus`, which facade `Controller` serves too.
pub(super) fn statuses(view: &View, statuses: Vec<Result<ModelStatus>>) -> ModelStatusResults {
    let models = statuses
        .into_iter()
        .map(|status| {
            let status = status.unwrap_or_else(|e| ModelStatus { error: Some(entry_error(&e)), ..Default::default() });
            view.model_status(status)
        })
        .collect();
    ModelStatusResults { models }
}

async fn destroy_models(ctx: &CallContext, args: DestroyModelsParams) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.models.len());
    for model in args.models {
        results.push(ctx.broker.destroy_model(&ctx.requester, model).await);
    }
    Ok(entries(results))
}

async fn modify_model_access(ctx: &CallContext, args: ModifyModelAccessRequest) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.changes.len());
    for change in args.changes {
        results.push(ctx.broker.modify_model_access(&ctx.requester, &change).await);
    }
    Ok(entries(results))
}

async fn change_model_credential(ctx: &CallContext, args: ChangeModelCredentialsParams) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.model_credentials.len());
    for change in args.model_credentials {
        results.push(ctx.broker.change_model_credential(&ctx.requester, &change).await);
    }
    Ok(entries(results))
}

async fn dump_models(ctx: &CallContext, args: DumpModelRequest) -> Result<StringResults> {
    let look = |tag| {
        async move {
            match ctx.broker.dump_model(&ctx.requester, tag, args.simplified).await {
                Ok(result) => StringResult { error: None, result },
                Err(e) => StringResult { error: Some(entry_error(&e)), result: String::new() },
            }
        }
        .boxed()
    };
    let asked = args.entities.iter().map(|entity| entity.tag.as_str()).collect();
    Ok(StringResults { results: look_up(asked, look).await })
}

async fn dump_models_db(ctx: &CallContext, args: Entities) -> Result<MapResults> {
    let look = |tag| {
        async move {
            match ctx.broker.dump_model_db(&ctx.requester, tag).await {
                Ok(result) => MapResult { result, error: None },
                Err(e) => MapResult { error: Some(entry_error(&e)), ..Default::default() },
            }
        }
        .boxed()
    };
    Ok(MapResults { results: look_up(each_tag(&args), look).await })
}

async fn set_model_defaults(ctx: &CallContext, args: SetModelDefaults) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.config.len());
    for config in args.config {
        results.push(ctx.broker.set_model_defaults(&ctx.requester, config).await);
    }
    Ok(entries(results))
}

async fn unset_model_defaults(ctx: &CallContext, args: UnsetModelDefaults) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.keys.len());
    for keys in args.keys {
        results.push(ctx.broker.unset_model_defaults(&ctx.requester, keys).await);
    }
    Ok(entries(results))
}

async fn model_defaults_for_clouds(ctx: &CallContext, args: Entities) -> Result<ModelDefaultsResults> {
    let defaults = ctx.broker.model_defaults(&ctx.requester, &tags(&args)).await?;
    let result = |defaults| match defaults {
        Ok(config) => ModelDefaultsResult { config, error: None },
        Err(e) => ModelDefaultsResult { error: Some(entry_error(&e)), ..Default::default() },
    };
    Ok(ModelDefaultsResults { results: defaults.into_iter().map(result).collect() })
}

async fn validate_upgrades(ctx: &CallContext, args: ValidateModelUpgradeParams) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.model.len());
    for model in &args.model {
        results.push(ctx.broker.validate_model_upgrade(&ctx.requester, &model.model_tag, args.force).await);
    }
    Ok(entries(results))
}

pub(super) fn tags(entities: &Entities) -> Vec<String> {
    entities.entities.iter().map(|e| e.tag.clone()).collect()
}

pub(super) fn each_tag(entities: &Entities) -> Vec<&str> {
    entities.entities.iter().map(|e| e.tag.as_str()).collect()
}
