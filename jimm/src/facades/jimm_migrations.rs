//! `JIMM` version 4: moves of models that there are and were, stopping one, trying one again.

use jimm_proto::params::jimm_migrations::{
    AbortMigrationResponse, ListMigrationsRequest, ListMigrationsResponse, Migration, MigrationName,
};

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "ListMigrations", Access::User, Audit::Params, list),
    method!(JIMM, [4], "ShowMigration", Access::ModelRead, Audit::Params, show),
    method!(JIMM, [4], "AbortMigration", Access::ModelAdmin, Audit::Params, abort),
    method!(JIMM, [4], "RetryMigration", Access::ModelAdmin, Audit::Params, retry),
];

async fn list(ctx: &CallContext, args: ListMigrationsRequest) -> Result<ListMigrationsResponse> {
    ctx.broker.list_migrations(&ctx.requester, &args).await
}

async fn show(ctx: &CallContext, args: MigrationName) -> Result<Migration> {
    ctx.broker.show_migration(&ctx.requester, &args).await
}

async fn abort(ctx: &CallContext, args: MigrationName) -> Result<AbortMigrationResponse> {
    ctx.broker.abort_migration(&ctx.requester, &args).await
}

async fn retry(ctx: &CallContext, args: MigrationName) -> Result<Migration> {
    ctx.broker.retry_migration(&ctx.requester, &args).await
}
