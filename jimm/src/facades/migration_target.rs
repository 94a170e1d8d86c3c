//! `MigrationTarget`, versions 4 to 8: what the source of a model asks that comes in. In version 8 the model is in an
//! envelope, before in a description; `broker/incoming` changes either where it speaks of users, and passes it on.

use jimm_proto::params::common::StringResult;
use serde_json::value::RawValue;

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::description::Members;
use crate::error::Result;

const FACADE: &str = "MigrationTarget";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [4, 5, 6, 7, 8], "Prechecks", Access::Admin, Audit::Params, prechecks),
    method!(FACADE, [4, 5, 6, 7, 8], "Import", Access::Admin, Audit::NoParams, import),
    method!(FACADE, [4, 5, 6, 7, 8], "Activate", Access::Admin, Audit::Params, activate),
    method!(FACADE, [4, 5, 6, 7, 8], "Abort", Access::Admin, Audit::Params, abort),
    method!(FACADE, [4, 5, 6, 7, 8], "AdoptResources", Access::Admin, Audit::Params, adopt_resources),
    method!(FACADE, [4, 5, 6, 7, 8], "CheckMachines", Access::Admin, Audit::Params, check_machines),
    method!(FACADE, [4, 5, 6, 7, 8], "LatestLogTime", Access::Admin, Audit::Params, latest_log_time),
    method!(FACADE, [4, 5, 6, 7, 8], "CACert", Access::User, Audit::Params, ca_cert),
];

async fn prechecks(ctx: &CallContext, args: Members) -> Result<Empty> {
    ctx.broker.precheck_arrival(ctx.version, args).await?;
    Ok(Empty {})
}

async fn import(ctx: &CallContext, args: Members) -> Result<Empty> {
    ctx.broker.import_arrival(&ctx.requester, ctx.version, args).await?;
    Ok(Empty {})
}

async fn activate(ctx: &CallContext, args: Members) -> Result<Empty> {
    ctx.broker.activate_arrival(&ctx.requester, &args).await?;
    Ok(Empty {})
}

async fn abort(ctx: &CallContext, args: Members) -> Result<Empty> {
    ctx.broker.abort_arrival(&ctx.requester, &args).await?;
    Ok(Empty {})
}

async fn adopt_resources(ctx: &CallContext, args: Members) -> Result<Box<RawValue>> {
    ctx.broker.ask_about_arrival("AdoptResources", &args).await
}

async fn check_machines(ctx: &CallContext, args: Members) -> Result<Box<RawValue>> {
    ctx.broker.ask_about_arrival("CheckMachines", &args).await
}

async fn latest_log_time(ctx: &CallContext, args: Members) -> Result<Box<RawValue>> {
    ctx.broker.ask_about_arrival("LatestLogTime", &args).await
}

/// Without one a source trusts what its system trusts: who needs another one names it when the migration begins.
async fn ca_cert(_ctx: &CallContext, _args: Empty) -> Result<StringResult> {
    Ok(StringResult::default())
}
