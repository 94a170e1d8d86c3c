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
/// How long OpenFGA may take to be told what is left, and to answer.
const OPENFGA: Duration = Duration::from_secs(3);

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
    let mut checks = BTreeMap::from([
        ("start_time", Check { name: "server start time", value: started.to_rfc3339(), passed: true, duration: 0 }),
        ("database", check("database", database(&services)).await),
    ]);
    if services.broker.mirror.is_some() {
        checks.insert("openfga", check("OpenFGA", openfga(&services)).await);
    }
    Json(checks)
}

async fn check(name: &'static str, asked: impl Future<Output = Result<(), String>>) -> Check {
    let began = std::time::Instant::now();
    let answer = asked.await;
    let duration = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let passed = answer.is_ok();
    Check { name, value: answer.err().unwrap_or_else(|| "reachable".to_owned()), passed, duration }
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
    let asked = async {
        database(&services).await?;
        openfga(&services).await
    };
    match asked.await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

/// `/health`: the same in a controller's words.
pub(super) async fn running(services: State<Arc<Services>>) -> (StatusCode, String) {
    match readyz(services).await {
        (StatusCode::OK, _) => (StatusCode::OK, "running\n".to_owned()),
        not => not,
    }
}

/// Whether decisions can be made, where OpenFGA makes them.
async fn openfga(services: &Services) -> Result<(), String> {
    let Some(mirror) = &services.broker.mirror else { return Ok(()) };
    match tokio::time::timeout(OPENFGA, mirror.ready()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("OpenFGA does not answer in time".to_owned()),
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
