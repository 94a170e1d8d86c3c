//! A broker of two replicas on one database, with a model behind it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use http::header::AUTHORIZATION;
use jimm_rpc::{CallError, Connection, DialOptions, JUJU_SERVER_NAME, Socket, Target, Tls};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::client::Door;
use jimm_tests::{given, process};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A broker without controllers.
pub(crate) async fn alone(env: &[(&str, &str)]) -> TestApp {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    TestApp::with(AppOptions { sims: Vec::new(), env }).await
}

/// Another replica of the same broker.
pub(crate) async fn second_door(app: &TestApp) -> Door {
    let port = process::free_port();
    let settings = [
        ("JIMM_LISTEN_ADDR", format!("127.0.0.1:{port}")),
        ("JIMM_INTERNAL_LISTEN_ADDR", format!("127.0.0.1:{}", process::free_port())),
    ];
    app.start_replica(&settings).await.expect("a second replica");
    Door { address: format!("localhost:{port}"), ca: app.door.ca.clone() }
}

/// A model of Alice's.
pub(crate) async fn model_of_alice(app: &TestApp) -> String {
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let alice = app.connect(ALICE).await.expect("alice");
    given::upload_credential(&alice, &cloud, ALICE).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    let said = app.jimmctl(&["import-model", "sim1", &uuid, "--owner", ALICE]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    uuid
}

/// The log of a model, which goes on until somebody ends it.
pub(crate) async fn log_of(door: &Door, model: &str, token: &str) -> Socket {
    let tls = Tls::Ca { pem: door.ca.clone(), server_name: JUJU_SERVER_NAME.into() };
    let target = Target { addresses: vec![door.address.clone()], path: format!("/model/{model}/log"), tls };
    let basic = format!("Basic {}", STANDARD.encode(format!(":{token}")));
    let headers = vec![(AUTHORIZATION, basic.parse().expect("a header"))];
    let options = DialOptions { headers, ..DialOptions::default() };
    let mut log = jimm_rpc::dial_socket(&target, &options).await.expect("a stream");
    let first = tokio::time::timeout(DEADLINE, log.next()).await.expect("in time").expect("a frame").expect("a text");
    assert_eq!(first, Message::text("{}\n"));
    log
}

/// Calls a method of the facade `JIMM`.
pub(crate) async fn jimm(connection: &Connection, method: &str, params: Value) -> Result<Value, (String, String)> {
    call(connection, "JIMM", 4, method, params).await
}

/// Calls any method.
pub(crate) async fn call(
    connection: &Connection,
    facade: &str,
    version: u32,
    method: &str,
    params: Value,
) -> Result<Value, (String, String)> {
    connection.call(facade, version, method, &params, DEADLINE).await.map_err(|error| match error {
        CallError::Remote(error) => (error.message, error.code),
        other => panic!("{method}: {other}"),
    })
}

/// The error of a login, as `message (code)`.
pub(crate) async fn refused(door: &Door, token: &str) -> String {
    let connection = door.dial("/api").await.expect("the broker answers");
    match call(&connection, "Admin", 4, "LoginWithSessionToken", json!({"session-token": token})).await {
        Ok(login) => panic!("the token is taken: {login}"),
        Err((message, code)) => format!("{message} ({code})"),
    }
}

/// A connection as the administrator, who has a session.
pub(crate) async fn admin(app: &TestApp) -> Connection {
    app.connect(ADMIN).await.expect("the administrator")
}
