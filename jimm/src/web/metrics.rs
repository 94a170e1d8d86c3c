//! The page of the metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;

use crate::session::Services;

/// How long a look into the database may take.
const LOOK: Duration = Duration::from_secs(2);

/// The metrics, with those that are looked up when somebody asks.
pub(super) async fn serve(State(services): State<Arc<Services>>) -> Response {
    if tokio::time::timeout(LOOK, look(&services)).await.is_err() {
        tracing::warn!("database does not answer in time for the metrics");
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], services.metrics.text()).into_response()
}

async fn look(services: &Services) {
    let controllers = async {
        let mut conn = services.broker.store.acquire().await?;
        jimm_store::controllers::list(&mut conn).await
    };
    match controllers.await {
        Ok(controllers) => {
            let standing = controllers.iter().map(|it| (it.name.as_str(), it.unavailable_since.is_none()));
            services.metrics.controllers(standing);
        }
        Err(error) => tracing::warn!(error = %error, "cannot look up controllers for the metrics"),
    }
    let migrations = async {
        let mut conn = services.broker.store.acquire().await?;
        jimm_store::migrations::counts(&mut conn).await
    };
    match migrations.await {
        Ok(counts) => services.metrics.migrations(counts),
        Err(error) => tracing::warn!(error = %error, "cannot count the moves for the metrics"),
    }
    if let Some(mirror) = &services.broker.mirror {
        match mirror.backlog().await {
            Ok((changes, oldest)) => services.metrics.untold(changes, oldest),
            Err(error) => tracing::warn!(error = %error, "cannot look up untold changes of rights for the metrics"),
        }
    }
    services.metrics.pool(services.broker.store.pool_size());
}
