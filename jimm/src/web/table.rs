//! The one table of routes: path, listener, method, the right it needs, what is there. A path that is not in it leads
//! nowhere, or to a page of the dashboard where one is served.

use std::sync::Arc;

use axum::routing::{MethodRouter, any, get};

use super::{auth, dashboard, events, exchange, health, macaroons, migrate, rebac, routes, well_known};
use crate::facades::registry::Access;
use crate::session::Services;

/// A listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// For clients and controllers.
    Public,
    /// For operators.
    Internal,
}

/// What methods a route takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Takes {
    /// A handshake for a websocket.
    Websocket,
    /// `GET` and `HEAD`.
    Get,
    /// `POST`.
    Post,
    /// Every method: see the rights of reading and writing.
    Requests,
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
    route!("/", PUBLIC, Websocket, Anyone, START, |_| any(routes::controller)),
    route!("/api", PUBLIC, Websocket, Anyone, CONNECTION, |_| any(routes::controller)),
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
    route!("/metrics", INTERNAL, Get, Anyone, "the metrics", |_| get(routes::metrics)),
];

/// A path below a model: `/model/{uuid}/{path}` or `/model-{uuid}/{path}`, on the public listener.
#[derive(Debug)]
pub struct BelowModel {
    /// The path; `{name}` stands for one part, `**` for any number.
    pub path: &'static str,
    /// What may be sent.
    pub takes: Takes,
    /// The right that reading needs.
    pub reading: Access,
    /// The right that everything but `GET` and `HEAD` needs.
    pub writing: Access,
    /// What is there.
    pub what: &'static str,
}

macro_rules! below {
    ($path:literal, $takes:ident, $reading:ident, $writing:ident, $what:literal) => {
        BelowModel {
            path: $path,
            takes: Takes::$takes,
            reading: Access::$reading,
            writing: Access::$writing,
            what: $what,
        }
    };
}

/// The path of the model connection.
pub(super) const API: &str = "api";
/// The path of the stream of command lines.
pub(super) const COMMANDS: &str = "commands";
/// The paths of backups, which are refused.
pub(super) const BACKUPS: &str = "backups/**";

/// Every path below a model that clients may have.
pub const BELOW_MODEL: &[BelowModel] = &[
    below!(
        "api",
        Websocket,
        ModelRead,
        ModelRead,
        "the model connection; its controller asks for more, request by request"
    ),
    below!("log", Websocket, ModelRead, ModelRead, "the model's log, as a stream"),
    below!(
        "commands",
        Websocket,
        ModelWrite,
        ModelWrite,
        "command lines that a controller of 3.6 runs, for whoever its frames name"
    ),
    below!("charms/**", Requests, ModelRead, ModelWrite, "charms"),
    below!("tools/**", Requests, ModelRead, ModelWrite, "agent binaries"),
    below!("backups/**", Requests, ModelRead, ModelWrite, "refused: backups are of a controller"),
    below!("rest/1.0/**", Requests, ModelRead, ModelWrite, "the model's applications, by REST"),
    below!("applications/{name}/resources/{name}/**", Requests, ModelRead, ModelWrite, "resources of applications"),
    below!("units/{name}/resources/{name}/**", Requests, ModelRead, ModelWrite, "resources of units"),
];

/// What is at a path below a model.
pub(super) fn below_model(rest: &str) -> Option<&'static BelowModel> {
    BELOW_MODEL.iter().find(|entry| matches(entry.path, rest))
}

fn matches(pattern: &str, rest: &str) -> bool {
    let mut parts = rest.split('/');
    for wanted in pattern.split('/') {
        match (wanted, parts.next()) {
            ("**", _) => return true,
            (wanted, Some(part)) if wanted == part || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_clients_need_leads_somewhere() {
        let takes = |rest: &str| below_model(rest).map(|entry| entry.takes);
        assert_eq!(takes(API), Some(Takes::Websocket));
        assert_eq!(takes("log"), Some(Takes::Websocket));
        assert_eq!(takes(COMMANDS), Some(Takes::Websocket));
        assert_eq!(below_model("backups").map(|entry| entry.path), Some(BACKUPS));
        for rest in ["charms", "charms/local-1234567", "tools/3.6.11-ubuntu-amd64", "applications/pg/resources/image"] {
            assert_eq!(takes(rest), Some(Takes::Requests), "{rest}");
        }
        for rest in ["logsink", "pubsub", "introspection/x", "applications/pg", "rest/2.0/x", "api/x", ""] {
            assert_eq!(takes(rest), None, "{rest}");
        }
    }

    #[test]
    fn a_path_below_a_model_needs_a_right_to_the_model() {
        for entry in BELOW_MODEL {
            let (reading, writing) = (entry.reading.on_model(), entry.writing.on_model());
            assert!(reading.is_some() && writing >= reading, "{}", entry.path);
        }
    }

    #[test]
    fn no_path_is_there_twice() {
        for (position, route) in ROUTES.iter().enumerate() {
            assert!(ROUTES[..position].iter().all(|other| other.path != route.path), "{}", route.path);
            assert!(!route.doors.is_empty(), "{}", route.path);
        }
    }
}
