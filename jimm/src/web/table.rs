//! The one table of routes: path, listener, method, the right it needs, what is there. A path that is not in it leads
//! nowhere, or to a page of the dashboard where one is served.

use std::sync::Arc;

use axum::routing::{MethodRouter, any, get};

use super::below_model::Takes;
use super::{auth, controller, dashboard, events, exchange, health, macaroons, metrics, migrate, rebac, well_known};
use crate::facades::method::Access;
use crate::session::Services;

/// A listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// For clients and controllers.
    Public,
    /// For operators.
    Internal,
}

/// A path and what is there.
pub struct Route {
    /// The path.
    pub path: &'static str,
    /// On which listeners.
    pub doors: &'static [Door],
    /// What may be sent.
    pub takes: Takes,
    /// The right it needs.
    pub access: Access,
    /// What is there.
    pub what: &'static str,
    serve: fn(&Arc<Services>) -> MethodRouter<Arc<Services>>,
}

impl Route {
    pub(super) fn handler(&self, services: &Arc<Services>) -> MethodRouter<Arc<Services>> {
        (self.serve)(services)
    }
}

const BOTH: &[Door] = &[Door::Public, Door::Internal];
const PUBLIC: &[Door] = &[Door::Public];
const INTERNAL: &[Door] = &[Door::Internal];
const CONNECTION: &str = "the controller connection; each of its requests needs the right below";
const START: &str = "the same; for a browser the dashboard, where one is served";

const UPLOADS: &str = "what comes with a model that comes in, from its source: POST and PUT";

macro_rules! route {
    ($path:literal, $doors:expr, $takes:ident, $access:ident, $what:expr, $serve:expr) => {
        Route {
            path: $path,
            doors: $doors,
            takes: Takes::$takes,
            access: Access::$access,
            what: $what,
            serve: |services| $serve(services),
        }
    };
}

/// A path of the administration of rights.
macro_rules! rebac {
    ($path:literal, $what:expr) => {
        route!($path, PUBLIC, Requests, Admin, $what, |services| rebac::serve(services, $path))
    };
}

/// Every path that is not below a model.
pub const ROUTES: &[Route] = &[
    route!("/", PUBLIC, Websocket, Anyone, START, |_| any(controller::start)),
    route!("/api", PUBLIC, Websocket, Anyone, CONNECTION, |_| any(controller::serve)),
    route!("/config.js", PUBLIC, Get, Anyone, "the dashboard's configuration, where one is served", |_| get(
        dashboard::config
    )),
    route!("/.well-known/jwks.json", PUBLIC, Get, Anyone, "the keys that controllers verify tokens with", |_| get(
        well_known::jwks
    )),
    route!("/auth/login", PUBLIC, Get, Anyone, "a browser's way to the identity provider", |services| auth::route(
        services,
        get(auth::login)
    )),
    route!("/auth/callback", PUBLIC, Get, Anyone, "and back", |services| auth::route(services, get(auth::callback))),
    route!("/auth/whoami", PUBLIC, Get, User, "who a browser's session belongs to", |services| auth::route(
        services,
        get(auth::whoami)
    )),
    route!("/auth/logout", PUBLIC, Get, User, "the end of a browser's session", |services| auth::route(
        services,
        get(auth::logout)
    )),
    route!("/events", PUBLIC, Get, User, "events as they come, those that the caller may see", |services| auth::route(
        services,
        get(events::serve)
    )),
    route!("/rebac/v1/swagger.json", PUBLIC, Get, Anyone, "the description of the API below", |_| get(rebac::openapi)),
    rebac!("/rebac/v1/capabilities", "what the API can do"),
    rebac!("/rebac/v1/identities", "identities"),
    rebac!("/rebac/v1/identities/{id}", "one identity"),
    rebac!("/rebac/v1/identities/{id}/groups", "its groups"),
    rebac!("/rebac/v1/identities/{id}/roles", "its roles"),
    rebac!("/rebac/v1/identities/{id}/entitlements", "its rights"),
    rebac!("/rebac/v1/groups", "groups"),
    rebac!("/rebac/v1/groups/{id}", "one group"),
    rebac!("/rebac/v1/groups/{id}/identities", "its members"),
    rebac!("/rebac/v1/groups/{id}/roles", "its roles"),
    rebac!("/rebac/v1/groups/{id}/entitlements", "its rights"),
    rebac!("/rebac/v1/roles", "roles"),
    rebac!("/rebac/v1/roles/{id}", "one role"),
    rebac!("/rebac/v1/roles/{id}/entitlements", "its rights"),
    rebac!("/rebac/v1/entitlements", "the rights that there may be"),
    rebac!("/rebac/v1/entitlements/raw", "the relation model as text"),
    rebac!("/rebac/v1/resources", "everything one can have rights to"),
    route!(
        "/oauth/token",
        PUBLIC,
        Post,
        Anyone,
        "a token of an issuer that is trusted, for a session of its service account",
        |_| any(exchange::serve)
    ),
    route!("/macaroons/publickey", PUBLIC, Get, Anyone, "the key that the caveats of offers are sealed to", |_| get(
        macaroons::public_key
    )),
    route!("/macaroons/discharge/info", PUBLIC, Get, Anyone, "the same, with the version of the bakery", |_| get(
        macaroons::info
    )),
    route!(
        "/macaroons/discharge",
        PUBLIC,
        Post,
        Anyone,
        "a discharge of an offer's caveat, for controllers; the user that is named in it needs consume on the offer",
        |_| any(macaroons::discharge)
    ),
    route!("/migrate/charms", PUBLIC, Requests, Admin, UPLOADS, |_| any(migrate::binaries)),
    route!("/migrate/charms/{id}", PUBLIC, Requests, Admin, UPLOADS, |_| any(migrate::binaries)),
    route!("/migrate/tools", PUBLIC, Requests, Admin, UPLOADS, |_| any(migrate::binaries)),
    route!("/migrate/resources", PUBLIC, Requests, Admin, UPLOADS, |_| any(migrate::binaries)),
    route!(
        "/migrate/logtransfer",
        PUBLIC,
        Websocket,
        Admin,
        "the logs of a model that comes in, from its source",
        |_| any(migrate::logs)
    ),
    route!("/livez", BOTH, Get, Anyone, "whether the process answers", |_| get(health::livez)),
    route!("/readyz", BOTH, Get, Anyone, "whether it takes work", |_| get(health::readyz)),
    route!("/debug/info", BOTH, Get, Anyone, "the version", |_| get(health::info)),
    route!(
        "/debug/status",
        BOTH,
        Get,
        Anyone,
        "since when it runs, and whether the database answers",
        |services: &Arc<Services>| {
            get(health::status).with_state((Arc::clone(services), services.broker.clock.now()))
        }
    ),
    route!("/health", PUBLIC, Get, Anyone, "the same, as controllers tell it", |_| get(health::running)),
    route!("/metrics", INTERNAL, Get, Anyone, "the metrics", |_| get(metrics::serve)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_there_twice() {
        for (position, route) in ROUTES.iter().enumerate() {
            assert!(ROUTES[..position].iter().all(|other| other.path != route.path), "{}", route.path);
            assert!(!route.doors.is_empty(), "{}", route.path);
        }
    }
}
