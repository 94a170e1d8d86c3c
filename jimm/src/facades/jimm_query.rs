//! `JIMM` version 4: queries over many models, in one piece or as the answers come.

use std::time::Duration;

use jimm_proto::params::jimm_query::{
    CrossModelQueryRequest, CrossModelQueryResponse, NextAnswers, QueryId, StartedQuery,
};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::{Error, Kind, Result};

const JIMM: &str = "JIMM";
/// How long somebody waits for the next answer before they are told that there is none yet.
const PATIENCE: Duration = Duration::from_secs(10);
/// Answers that are given at a time, and how long they are together.
const AT_ONCE: (usize, usize) = (200, 4 << 20);

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "CrossModelQuery", Access::User, Audit::Params, query),
    method!(JIMM, [4], "StartCrossModelQuery", Access::User, Audit::Params, start),
    method!(JIMM, [4], "NextCrossModelQuery", Access::User, Audit::Params, next),
    method!(JIMM, [4], "StopCrossModelQuery", Access::User, Audit::Params, stop),
];

async fn query(ctx: &CallContext, args: CrossModelQueryRequest) -> Result<CrossModelQueryResponse> {
    // Nobody waits for the answers of who has gone, neither here nor at the controllers.
    tokio::select! {
        answer = ctx.broker.cross_model_query(&ctx.requester, &args) => answer,
        () = ctx.connection.gone() => Err(Error::new(Kind::Conflict, "the connection has ended")),
    }
}

async fn start(ctx: &CallContext, args: CrossModelQueryRequest) -> Result<StartedQuery> {
    let query = ctx.broker.start_query(&ctx.requester, &args).await?;
    let models = query.models();
    Ok(StartedQuery { query_id: ctx.connection.queries.keep(query), models })
}

async fn next(ctx: &CallContext, args: QueryId) -> Result<NextAnswers> {
    let queries = &ctx.connection.queries;
    let mut query = queries.take(&args.query_id).ok_or_else(no_such_query)?;
    let mut told = NextAnswers::default();
    let mut length = 0;
    let mut add = |answer: jimm_proto::params::jimm_query::ModelAnswer, told: &mut NextAnswers| {
        length += answer.length();
        told.answers.push(answer);
        told.answers.len() < AT_ONCE.0 && length < AT_ONCE.1
    };
    match tokio::time::timeout(PATIENCE, query.next()).await {
        Ok(None) => told.done = true,
        Ok(Some(answer)) => {
            let mut more = add(answer, &mut told);
            while more && let Some(answer) = query.try_next() {
                more = add(answer, &mut told);
            }
        }
        Err(_) => {}
    }
    if told.done {
        queries.end(&args.query_id);
    } else {
        queries.put_back(&args.query_id, query);
    }
    Ok(told)
}

async fn stop(ctx: &CallContext, args: QueryId) -> Result<Empty> {
    ctx.connection.queries.end(&args.query_id).then_some(Empty {}).ok_or_else(no_such_query)
}

fn no_such_query() -> Error {
    Error::not_found("this connection runs no such query, or waits for its answers already")
}
