//! Whether the broker lives, is ready, and what it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;

use crate::session::Services;

/// How long the database may take to answer.
const DATABASE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Info {
    git_commit: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Check {
    name: &'static str,
    value: String,
    passed: bool,
    /// In nanoseconds.
    duration: u64,
}

/// `/debug/info`.
pub(super) async fn info() -> Json<Info> {
    let git_commit = option_env!("JIMM_GIT_COMMIT").unwrap_or_default();
    Json(Info { git_commit, version: env!("CARGO_PKG_VERSION") })
}

/// `/debug/status`: always 200, the checks tell.
pub(super) async fn status(
    State((services, started)): State<(Arc<Services>, DateTime<Utc>)>,
) -> Json<BTreeMap<&'static str, Check>> {
    let began = std::time::Instant::now();
    let database = database(&services).await;
    let duration = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let (value, passed) = match database {
        Ok(()) => ("reachable".to_owned(), true),
        Err(reason) => (reason, false),
    };
    Json(BTreeMap::from([
        ("start_time", Check { name: "server start time", value: started.to_rfc3339(), passed: true, duration: 0 }),
        ("database", Check { name: "database", value, passed, duration }),
    ]))
}

/// `/livez`: the process answers.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// `/readyz`: it takes work.
pub(super) async fn readyz(State(services): State<Arc<Services>>) -> (StatusCode, String) {
    if !services.lifecycle.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    match database(&services).await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

async fn database(services: &Services) -> Result<(), String> {
    match tokio::time::timeout(DATABASE, services.broker.store.ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "database does not answer");
            Err("database does not answer".to_owned())
        }
        Err(_) => Err("database does not answer in time".to_owned()),
    }
}
