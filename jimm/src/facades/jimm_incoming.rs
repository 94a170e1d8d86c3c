//! `JIMM` version 4: preparing for models that come in from controllers that are none of the broker's.

use jimm_proto::params::jimm_incoming::{
    IncomingMigrationStatus, IncomingMigrationStatusRequest, PrepareModelMigrationRequest,
    PrepareModelMigrationResponse,
};
use secrecy::ExposeSecret as _;

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "PrepareModelMigration", Access::Admin, Audit::Params, prepare),
    method!(JIMM, [4], "IncomingMigrationStatus", Access::Admin, Audit::Params, status),
];

async fn prepare(ctx: &CallContext, args: PrepareModelMigrationRequest) -> Result<PrepareModelMigrationResponse> {
    let token = ctx.broker.prepare_model_migration(&ctx.requester, &args).await?;
    Ok(PrepareModelMigrationResponse { token: token.expose_secret().to_owned() })
}

async fn status(ctx: &CallContext, args: IncomingMigrationStatusRequest) -> Result<IncomingMigrationStatus> {
    ctx.broker.incoming_migration_status(&args).await
}
