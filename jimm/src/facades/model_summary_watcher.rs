//! `ModelSummaryWatcher`, version 1, and the methods of `Controller` that make such watchers.
//!
//! Knows no SQL and dials nobody.

use jimm_proto::params::controller::{SummaryWatcherID, SummaryWatcherNextResults};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::{Error, Kind, Result};

const FACADE: &str = "ModelSummaryWatcher";
const CONTROLLER: &str = "Controller";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [1], "Next", Access::User, Audit::Params, next),
    method!(FACADE, [1], "Stop", Access::User, Audit::Params, stop),
    method!(CONTROLLER, [11, 12, 13, 14], "WatchModelSummaries", Access::User, Audit::Params, watch),
    method!(CONTROLLER, [11, 12, 13, 14], "WatchAllModelSummaries", Access::Admin, Audit::Params, watch_all),
];

async fn watch(ctx: &CallContext, _args: Empty) -> Result<SummaryWatcherID> {
    start(ctx, false).await
}

async fn watch_all(ctx: &CallContext, _args: Empty) -> Result<SummaryWatcherID> {
    start(ctx, true).await
}

async fn start(ctx: &CallContext, all: bool) -> Result<SummaryWatcherID> {
    let watch = ctx.broker.watch_summaries(&ctx.requester, all).await?;
    Ok(SummaryWatcherID { watcher_id: ctx.connection.watches.keep(watch)? })
}

async fn next(ctx: &CallContext, _args: Empty) -> Result<SummaryWatcherNextResults> {
    let watches = &ctx.connection.watches;
    let (mut watch, stopped) = watches.take(&ctx.object_id)?;
    let masked = ctx.connection.masks_controllers();
    let models = tokio::select! {
        models = ctx.broker.next_summaries(&ctx.requester, &mut watch, masked) => models,
        () = stopped.cancelled() => {
            return Err(Error::new(Kind::Conflict, "watcher has been stopped").with_code("stopped"));
        }
    };
    watches.put_back(&ctx.object_id, watch);
    Ok(SummaryWatcherNextResults { models: models? })
}

async fn stop(ctx: &CallContext, _args: Empty) -> Result<Empty> {
    ctx.connection.watches.stop(&ctx.object_id)?;
    Ok(Empty {})
}
