//! Every path of the table of routes, as everybody.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE};
use jimm::facades::registry::Access;
use jimm::web::{BELOW_MODEL, Door, ROUTES, Takes};
use jimm_rpc::{CallError, Connection, DialOptions, JUJU_SERVER_NAME, Target, Tls};
use jimm_tests::browser;
use reqwest::{Client, Method};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::roles::{ROLES, Role};
use crate::table::{Line, Table, compare, is_let_through};
use crate::world::{DEADLINE, World};

/// On their listeners and on no other, and for strangers where the table says so.
#[tokio::test]
async fn every_path_is_served_where_the_table_says_and_nowhere_else() {
    let world = World::new().await;
    let client = browser::client(&world.app).expect("a client");
    for route in ROUTES {
        for (door, base) in [
            (Door::Public, format!("https://{}", world.app.door.address)),
            (Door::Internal, format!("http://127.0.0.1:{}", world.app.plan.metrics_port)),
        ] {
            let answer = client.get(format!("{base}{}", route.path)).send().await.expect("an answer");
            let status = answer.status();
            if !route.doors.contains(&door) {
                assert_eq!(status, StatusCode::NOT_FOUND, "{} at {base}", route.path);
                continue;
            }
            let expected = match (route.access, route.takes) {
                // Who has not been at the identity provider cannot come back from there.
                _ if route.path == "/auth/callback" => StatusCode::FORBIDDEN,
                (Access::Anyone, Takes::Get) if route.path == "/auth/login" => StatusCode::TEMPORARY_REDIRECT,
                // There is no dashboard here.
                _ if route.path == "/config.js" => StatusCode::NOT_FOUND,
                (Access::Anyone, Takes::Get) => StatusCode::OK,
                (Access::Anyone, Takes::Post) => StatusCode::METHOD_NOT_ALLOWED,
                (Access::Anyone, _) | (Access::Admin, Takes::Websocket) => StatusCode::BAD_REQUEST,
                _ if route.path == "/events" => StatusCode::UNAUTHORIZED,
                (Access::User, _) => StatusCode::FORBIDDEN,
                (Access::Admin, _) => StatusCode::UNAUTHORIZED,
                (access, _) => panic!("{}: a right that nobody tries, {access}: add it to this test", route.path),
            };
            assert_eq!(status, expected, "{} at {base}: {:?}", route.path, answer.text().await);
        }
        if route.takes == Takes::Websocket {
            world.app.door.dial(route.path).await.expect("a websocket");
        }
    }
}

/// Paths that are not below a model and need a right, with the session of a browser.
#[tokio::test]
async fn every_browser_gets_what_the_table_says() {
    let world = World::new().await;
    let client = browser::client(&world.app).expect("a client");
    let base = format!("https://{}", world.app.door.address);
    for role in ROLES.into_iter().filter(|role| *role != Role::Stranger) {
        let cookie = browser::session(&world.app, &client, &role.user()).await.expect("a session");
        // Logging out comes last.
        // Sources of models have no cookies.
        let rest = ROUTES.iter().filter(|route| !route.path.starts_with("/migrate/"));
        let rest = rest.filter(|route| route.access != Access::Anyone && route.path != "/auth/logout");
        for route in rest.chain(ROUTES.iter().filter(|route| route.path == "/auth/logout")) {
            let verbs: &[&str] =
                if route.takes == Takes::Get { &["GET"] } else { &["GET", "POST", "PUT", "PATCH", "DELETE"] };
            for verb in verbs {
                let method = Method::from_bytes(verb.as_bytes()).expect("a method");
                let url = format!("{base}{}", route.path.replace("{id}", &uuid::Uuid::new_v4().to_string()));
                let answer = client.request(method, url).header(COOKIE, &cookie).send().await.expect("an answer");
                let status = answer.status();
                let let_through = !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
                assert_eq!(let_through, role.has(route.access), "{role:?}: {verb} {} gives {status}", route.path);
                assert!(!status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED, "{verb} {}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let world = World::new().await;
    let client = browser::client(&world.app).expect("a client");
    let before = world.rows().await;
    let columns: Vec<BTreeMap<String, String>> = join_all(ROLES.map(|role| column(&world, &client, role))).await;
    assert_eq!(world.rows().await, before, "nothing was changed");
    let mut table = Table::new();
    for name in columns[0].keys() {
        let line: Line = columns.iter().map(|column| column[name].clone()).collect();
        table.insert(name.clone(), line);
    }
    let mut wrong = Vec::new();
    for entry in BELOW_MODEL {
        for (verb, access) in verbs(entry.takes, entry.reading, entry.writing) {
            let name = name(verb, entry.path);
            for (role, outcome) in ROLES.iter().zip(&table[&name]) {
                if is_let_through(outcome) != role.has(access) {
                    wrong.push(format!("{name} needs the right {:?}, but {role:?} gets {outcome:?}", access.as_str()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "the table of routes says otherwise:\n{}", wrong.join("\n"));
    compare(&table, |name| name.contains('/'));
}

fn name(verb: &str, path: &str) -> String {
    format!("{verb} /model/{{uuid}}/{path}")
}

/// What is sent there, and the right it needs.
fn verbs(takes: Takes, reading: Access, writing: Access) -> Vec<(&'static str, Access)> {
    match takes {
        Takes::Websocket => vec![("WS", reading)],
        Takes::Get => vec![("GET", reading)],
        Takes::Post => vec![("POST", writing)],
        Takes::Requests => {
            let writes = ["PUT", "POST", "DELETE", "PATCH"].map(|verb| (verb, writing));
            [("GET", reading), ("HEAD", reading)].into_iter().chain(writes).collect()
        }
    }
}

async fn column(world: &World, client: &Client, role: Role) -> BTreeMap<String, String> {
    let token = world.token(role).await;
    let model = &world.names.alive.model;
    let mut outcomes = BTreeMap::new();
    for entry in BELOW_MODEL {
        let path = entry.path.replace("{name}", "x").replace("**", "y");
        for (verb, _) in verbs(entry.takes, entry.reading, entry.writing) {
            let seen = match (verb, path.as_str()) {
                ("WS", "api") => connection(world, token.as_deref()).await,
                ("WS", path) => stream(world, path, token.as_deref()).await,
                (verb, path) => {
                    // Both shapes of path lead to the same.
                    let mut seen = Vec::new();
                    for shape in ["/model/", "/model-"] {
                        let url = format!("https://{}{shape}{model}/{path}", world.app.door.address);
                        seen.push(request(client, verb, &url, token.as_deref()).await);
                    }
                    assert_eq!(seen[0], seen[1], "{role:?}: {verb} {path}");
                    seen.remove(0)
                }
            };
            outcomes.insert(name(verb, entry.path), seen.to_owned());
        }
    }
    outcomes
}

/// Whether a login there is taken.
async fn connection(world: &World, token: Option<&str>) -> &'static str {
    let model = &world.names.alive.model;
    let Some(token) = token else {
        let stranger = world.app.door.dial(&format!("/model/{model}/api")).await.expect("a websocket");
        let answer = relayed(&stranger, RELAYED[0]).await.expect_err("nobody has logged in");
        assert_eq!(answer, "not implemented");
        return "no";
    };
    match world.app.door.to_model(model, token).await {
        Ok(_) => "yes",
        Err(error) => {
            let text = format!("{error:#}");
            assert!(text.contains("model not found"), "{text}");
            "hidden"
        }
    }
}

/// What the controller asks the token for: a method that reads, and one that writes (nothing).
const RELAYED: [(&str, u32, &str, &str, Access); 2] = [
    ("Client", 6, "FullStatus", r#"{"patterns": null}"#, Access::ModelRead),
    ("ModelConfig", 3, "ModelSet", r#"{"config": {}}"#, Access::ModelWrite),
];

async fn relayed(
    connection: &Connection,
    (facade, version, method, params, _): (&str, u32, &str, &str, Access),
) -> Result<Value, String> {
    let params: Value = serde_json::from_str(params).expect("JSON");
    connection.call(facade, version, method, &params, DEADLINE).await.map_err(|error| match error {
        CallError::Remote(error) => error.code,
        other => panic!("{facade}.{method}: {other}"),
    })
}

/// The token that the broker brings to the controller says what the user may do there, and no more.
#[tokio::test]
async fn controllers_let_everybody_do_what_the_right_to_the_model_allows() {
    let world = World::new().await;
    for role in ROLES.into_iter().filter(|role| role.has(Access::ModelRead)) {
        let token = world.token(role).await.expect("not a stranger");
        let connection = world.app.door.to_model(&world.names.alive.model, &token).await.expect("the model").0;
        for method in RELAYED {
            let answer = relayed(&connection, method).await;
            if role.has(method.4) {
                assert!(answer.is_ok(), "{role:?}: {}.{}: {answer:?}", method.0, method.2);
            } else {
                assert_eq!(answer, Err("unauthorized access".to_owned()), "{role:?}: {}.{}", method.0, method.2);
            }
        }
    }
}

/// What the first frame says.
async fn stream(world: &World, path: &str, token: Option<&str>) -> &'static str {
    let tls = Tls::Ca { pem: world.app.door.ca.clone(), server_name: JUJU_SERVER_NAME.to_owned() };
    let path = format!("/model/{}/{path}", world.names.alive.model);
    let target = Target { addresses: vec![world.app.door.address.clone()], path, tls };
    let basic = token.map(|token| format!("Basic {}", STANDARD.encode(format!(":{token}"))));
    let headers = basic.into_iter().map(|basic| (AUTHORIZATION, basic.parse().expect("a header"))).collect();
    let options = DialOptions { headers, ..DialOptions::default() };
    let mut socket = jimm_rpc::dial_socket(&target, &options).await.expect("a stream");
    let first = tokio::time::timeout(DEADLINE, socket.next()).await.expect("in time").expect("a frame");
    let Message::Text(first) = first.expect("a frame") else { panic!("no text") };
    let first: Value = serde_json::from_str(first.as_str()).expect("JSON");
    match first["error"]["code"].as_str() {
        None => "yes",
        Some("model not found") => "hidden",
        Some("unauthorized access") => "no",
        Some(other) => panic!("{other}: {first}"),
    }
}

async fn request(client: &Client, verb: &str, url: &str, token: Option<&str>) -> &'static str {
    let mut request = client.request(Method::from_bytes(verb.as_bytes()).expect("a method"), url);
    if let Some(token) = token {
        request = request.basic_auth("", Some(token));
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    // To HEAD nobody says why.
    let from_us = answer.headers().get("content-type").is_some_and(|kind| kind == "application/json");
    let text = answer.text().await.expect("a body");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "no",
        StatusCode::NOT_FOUND if text.contains("model not found") || (text.is_empty() && from_us) => "hidden",
        status if status.is_server_error() => panic!("{verb} {url}: {status} {text}"),
        _ => "yes",
    }
}
