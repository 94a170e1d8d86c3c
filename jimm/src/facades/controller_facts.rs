//! `Controller`, versions 11 to 14: what is asked of the controllers behind the broker, and what a broker has not.
//!
//! Knows no SQL and dials nobody.

use futures_util::FutureExt as _;
use jimm_proto::params::cloud::{CloudSpecResult, CloudSpecResults};
use jimm_proto::params::common::Entities;
use jimm_proto::params::controller::{
    AllWatcherId, DashboardConnectionInfo, HostedModelConfigsResults, ModelBlockInfo, ModelBlockInfoList,
};
use jimm_proto::params::model_config::ModelConfigResults;

use super::CallContext;
use super::bulk::look_up;
use super::method::{Access, Audit, Empty, Method, method};
use super::model_manager::each_tag;
use super::view::entry_error;
use crate::error::{Error, Kind, Result};

const FACADE: &str = "Controller";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [11, 12, 13, 14], "CloudSpec", Access::ModelAdmin, Audit::Params, cloud_spec),
    method!(FACADE, [11, 12, 13, 14], "DashboardConnectionInfo", Access::User, Audit::Params, dashboard),
    method!(FACADE, [11, 12, 13, 14], "DestroyController", Access::Nobody, Audit::NoParams, destroy),
    method!(FACADE, [11, 12, 13, 14], "HostedModelConfigs", Access::Nobody, Audit::Params, hosted_configs),
    method!(FACADE, [11, 12, 13, 14], "ListBlockedModels", Access::Admin, Audit::Params, blocked_models),
    method!(FACADE, [11], "ModelConfig", Access::User, Audit::Params, model_config),
    method!(FACADE, [11, 12, 13, 14], "RemoveBlocks", Access::Nobody, Audit::NoParams, remove_blocks),
    method!(FACADE, [11, 12, 13, 14], "WatchAllModels", Access::Nobody, Audit::Params, watch_all_models),
];

async fn cloud_spec(ctx: &CallContext, args: Entities) -> Result<CloudSpecResults> {
    let look = |tag| {
        async move {
            match ctx.broker.cloud_spec(&ctx.requester, tag).await {
                Ok(spec) => CloudSpecResult { result: Some(spec), error: None },
                Err(e) => CloudSpecResult { result: None, error: Some(entry_error(&e)) },
            }
        }
        .boxed()
    };
    Ok(CloudSpecResults { results: look_up(each_tag(&args), look).await })
}

async fn dashboard(ctx: &CallContext, _args: Empty) -> Result<DashboardConnectionInfo> {
    let settings = &ctx.broker.settings;
    let text = if settings.browser.dashboard.is_some() {
        format!("not supported: no tunnel is needed, open https://{}/ in a browser", settings.public_host_port())
    } else {
        "not supported: this broker serves no dashboard; its operator sets JIMM_DASHBOARD_DIR".to_owned()
    };
    let error = Some(entry_error(&Error::new(Kind::NotSupported, text)));
    Ok(DashboardConnectionInfo { error, ..DashboardConnectionInfo::default() })
}

async fn destroy(_ctx: &CallContext, _args: Empty) -> Result<Empty> {
    Err(unsupported("a broker is taken down where it runs, and jimmctl remove-controller lets go of a controller"))
}

async fn hosted_configs(_ctx: &CallContext, _args: Empty) -> Result<HostedModelConfigsResults> {
    Err(unsupported("only who destroys a controller asks this; read a model's configuration on its own connection"))
}

async fn blocked_models(ctx: &CallContext, _args: Empty) -> Result<ModelBlockInfoList> {
    let qualified = ctx.version >= 13;
    let shown = |mut model: ModelBlockInfo| {
        if qualified {
            model.qualifier = model.owner_tag.take().map(|tag| tag.trim_start_matches("user-").to_owned());
        }
        model
    };
    let models = ctx.broker.blocked_models(&ctx.requester).await?;
    Ok(ModelBlockInfoList { models: models.into_iter().map(shown).collect() })
}

async fn model_config(ctx: &CallContext, _args: Empty) -> Result<ModelConfigResults> {
    ctx.broker.controller_model_config().await
}

async fn remove_blocks(_ctx: &CallContext, _args: Empty) -> Result<Empty> {
    Err(unsupported("unblock each model on its own connection, with juju enable-command"))
}

async fn watch_all_models(_ctx: &CallContext, _args: Empty) -> Result<AllWatcherId> {
    Err(unsupported("watch summaries with WatchModelSummaries, or one model on its own connection"))
}

fn unsupported(instead: &str) -> Error {
    Error::new(Kind::NotSupported, format!("not supported: {instead}"))
}
