//! A simulated controller by its socket: passwords, facades, uploads, streams, switches, restarts.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use jimm_rpc::{Connection, DialOptions, Target, Tls};
use jimm_tests::client::Door;
use jimm_tests::process::eventually;
use jimm_tests::sim::{Controller, Options, Shape};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{CipherSuite, ClientConfig, RootCertStore};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const LONG: Duration = Duration::from_secs(20);

async fn controller(shape: Shape) -> Controller {
    Controller::start(Options { shape, ..Options::default() }).await.expect("starts")
}

fn door(sim: &Controller) -> Door {
    Door { address: sim.address().to_string(), ca: sim.ca_pem().to_owned() }
}

async fn admin(sim: &Controller, path: &str) -> Connection {
    door(sim).with_password(path, "admin", "sim-password").await.expect("logs in").0
}

async fn ask(connection: &Connection, facade: &str, version: u32, method: &str, params: Value) -> Value {
    connection.call(facade, version, method, &params, LONG).await.expect("answers")
}

#[tokio::test]
async fn ciphers_are_chosen_as_go_does_whatever_the_client_would_rather_have() {
    let sim = controller(Shape::V41).await;
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_256_GCM_SHA384);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sim.ca_pem().as_bytes()).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
    let config = config.expect("TLS").with_root_certificates(roots).with_no_client_auth();
    let tcp = tokio::net::TcpStream::connect(sim.address()).await.expect("connects");
    let name = ServerName::try_from(jimm_rpc::JUJU_SERVER_NAME).expect("a name");
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let tls = connector.connect(name, tcp).await.expect("shakes hands");
    let chosen = tls.get_ref().1.negotiated_cipher_suite().expect("is chosen").suite();
    assert_eq!(chosen, CipherSuite::TLS13_AES_128_GCM_SHA256);
}

#[tokio::test]
async fn before_login_nothing_is_open_and_a_wrong_password_opens_nothing() {
    let sim = controller(Shape::V36).await;
    let stranger = door(&sim).dial("/api").await.expect("dials");
    let refused = stranger.call::<_, Value>("ModelManager", 10, "ListModels", &json!({}), LONG).await.expect_err("no");
    assert_eq!(refused.code(), "not implemented");
    let v4 = stranger.call::<_, Value>("Admin", 4, "LoginDevice", &json!({}), LONG).await.expect_err("no");
    assert_eq!(v4.code(), "not supported");
    let wrong = door(&sim).with_password("/api", "admin", "nonsense").await.expect_err("refused").to_string();
    assert!(wrong.contains("invalid entity name or password"), "{wrong}");
    let nowhere = format!("/model/{}/api", uuid::Uuid::new_v4());
    let unknown = door(&sim).with_password(&nowhere, "admin", "sim-password").await.expect_err("refused");
    assert!(unknown.to_string().contains("unknown model"), "{unknown}");
}

#[tokio::test]
async fn each_generation_refuses_in_its_own_words() {
    for (shape, unknown, version, method) in [
        (
            Shape::V36,
            "unknown object type \"X\"",
            "unknown version (99) of interface \"ModelManager\"",
            "no such request - method ModelManager(10).Nonsense is not implemented",
        ),
        (
            Shape::V40,
            "unknown facade type \"X\"",
            "unknown version 99 for facade type \"ModelManager\"",
            "unknown method \"Nonsense\" at version 10 for facade type \"ModelManager\"",
        ),
    ] {
        let sim = controller(shape).await;
        let connection = admin(&sim, "/api").await;
        for (facade, n, name, text, code) in [
            ("X", 1, "Y", unknown, "not implemented"),
            ("ModelManager", 99, "ListModels", version, "not implemented"),
            ("ModelManager", 10, "Nonsense", method, "not implemented"),
            (
                "Client",
                8,
                "FullStatus",
                "facade \"Client\" not supported for controller API connection",
                "not supported",
            ),
        ] {
            let refused = connection.call::<_, Value>(facade, n, name, &json!({}), LONG).await.expect_err("no");
            assert!(refused.to_string().starts_with(text), "{refused} is not {text}");
            assert_eq!(refused.code(), code);
        }
    }
}

#[tokio::test]
async fn models_are_made_listed_and_destroyed_in_both_shapes() {
    for (shape, version, key, owner) in
        [(Shape::V36, 10, "owner-tag", "user-bob@example.com"), (Shape::V40, 11, "qualifier", "bob@example.com")]
    {
        let sim = controller(shape).await;
        let connection = admin(&sim, "/api").await;
        let made = ask(
            &connection,
            "ModelManager",
            version,
            "CreateModel",
            json!({"name": "m", key: owner, "cloud-tag": "cloud-demo"}),
        )
        .await;
        assert_eq!(made[key], owner, "{made}");
        let again = json!({"name": "m", key: owner, "cloud-tag": "cloud-demo"});
        let again = connection.call::<_, Value>("ModelManager", version, "CreateModel", &again, LONG).await;
        assert_eq!(again.expect_err("taken").code(), "already exists");
        let tag = json!({"entities": [{"tag": format!("model-{}", made["uuid"].as_str().unwrap_or_default())}]});
        let doomed = json!({"models": [{"model-tag": tag["entities"][0]["tag"]}]});
        assert_eq!(ask(&connection, "ModelManager", version, "DestroyModels", doomed).await, json!({"results": [{}]}));
        eventually("the model goes", LONG, || async {
            let status = ask(&connection, "ModelManager", version, "ModelStatus", tag.clone()).await;
            (status["models"][0]["error"]["code"] == "model not found").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_local_charm_is_uploaded_deployed_configured_related_and_offered() {
    let sim = controller(Shape::V36).await;
    let uuid = sim.add_model("shop", "admin", &[]);
    let archive = b"a charm".to_vec();
    let path = format!("/model-{uuid}/charms/app-{}", &hex::encode(Sha256::digest(&archive))[..7]);
    let ca = reqwest::Certificate::from_pem(sim.ca_pem().as_bytes()).expect("a CA");
    let http = reqwest::Client::builder().tls_certs_only([ca]).build().expect("a client");
    let url = format!("https://localhost:{}{path}", sim.address().port());
    let put = |url: String| http.put(url).header("Juju-Curl", "local:app-0").body(archive.clone());
    let anonymous = put(url.clone()).send().await.expect("answers");
    assert_eq!(anonymous.status(), 401);
    let stored = put(url.clone()).basic_auth("user-admin", Some("sim-password")).send().await.expect("answers");
    assert_eq!(stored.status(), 200);
    let told = stored.headers()["Juju-Curl"].to_str().expect("text").to_owned();
    assert_eq!(stored.json::<Value>().await.expect("JSON"), json!({"charm-url": told}));
    let wrong = put(format!("{url}x")).basic_auth("user-admin", Some("sim-password")).send().await.expect("answers");
    assert_eq!(wrong.status(), 400);
    let got = http.get(url).basic_auth("user-admin", Some("sim-password")).send().await.expect("answers");
    assert_eq!(got.bytes().await.expect("a body"), archive);

    let model = admin(&sim, &format!("/model/{uuid}/api")).await;
    for name in ["app", "other"] {
        let args = json!({"applications": [{"application": name, "charm-url": told, "num-units": 2}]});
        assert_eq!(ask(&model, "Application", 20, "Deploy", args).await, json!({"results": [{}]}));
    }
    let set = json!({"Args": [{"application": "app", "config": {"title": "t"}}]});
    ask(&model, "Application", 20, "SetConfigs", set).await;
    let got = ask(&model, "Application", 20, "Get", json!({"application": "app"})).await;
    assert_eq!(got["config"]["title"]["value"], "t");
    ask(&model, "Application", 20, "AddRelation", json!({"endpoints": ["app:db", "other:db"]})).await;
    ask(&model, "Application", 20, "DestroyUnit", json!({"units": [{"unit-tag": "unit-other-0"}]})).await;
    let status = ask(&model, "Client", 8, "FullStatus", json!({"patterns": null})).await;
    assert_eq!(status["applications"]["app"]["units"]["app/0"]["workload-status"]["status"], "active");
    assert_eq!(status["applications"]["other"]["units"].as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(status["relations"][0]["key"], "app:db other:db");

    let api = admin(&sim, "/api").await;
    let offer = json!({"Offers": [{"model-tag": format!("model-{uuid}"), "offer-name": "off", "application-name": "app", "endpoints": {"db": "db"}}]});
    assert_eq!(ask(&api, "ApplicationOffers", 5, "Offer", offer).await, json!({"results": [{}]}));
    let consume = json!({"offer-urls": {"offer-urls": ["admin/shop.off"], "bakery-version": 3}, "user-tag": "user-alice@example.com"});
    let details = ask(&api, "ApplicationOffers", 5, "GetConsumeDetails", consume).await;
    let controller = &details["results"][0]["external-controller"]["controller-tag"];
    assert_eq!(*controller, format!("controller-{}", sim.uuid()));
}

#[tokio::test]
async fn watchers_of_3_6_tell_all_and_then_what_changes() {
    let sim = controller(Shape::V36).await;
    let uuid = sim.add_model("shop", "admin", &["web"]);
    let model = admin(&sim, &format!("/model/{uuid}/api")).await;
    let id = ask(&model, "Client", 8, "WatchAll", json!({})).await["watcher-id"].as_str().expect("an id").to_owned();
    let next = || async {
        let raw = model.call_on(&id, "AllWatcher", 3, "Next", &json!({}), LONG).await.expect("deltas");
        serde_json::from_str::<Value>(raw.get()).expect("JSON")["deltas"].clone()
    };
    assert_eq!(next().await.as_array().map(Vec::len), Some(4), "model, application, unit, machine");
    let args = json!({"application": "web"});
    let (deltas, _) = tokio::join!(next(), ask(&model, "Application", 20, "Expose", args));
    assert_eq!(deltas[0][0], "application");
    assert_eq!(deltas[0][2]["exposed"], true);
    let v4 = controller(Shape::V40).await;
    let uuid = v4.add_model("shop", "admin", &[]);
    let model = admin(&v4, &format!("/model/{uuid}/api")).await;
    let refused = model.call::<_, Value>("Client", 8, "WatchAll", &json!({}), LONG).await.expect_err("none");
    assert_eq!(refused.code(), "not implemented");
}

#[tokio::test]
async fn the_log_stream_says_first_whether_it_goes_on() {
    let sim = controller(Shape::V36).await;
    let uuid = sim.add_model("shop", "admin", &[]);
    let tls = Tls::Ca { pem: sim.ca_pem().to_owned(), server_name: "juju-apiserver".to_owned() };
    let filters = "includeEntity=machine-*&excludeEntity=machine-1&includeModule=juju.worker&level=INFO";
    let path = format!("/model/{uuid}/log?backlog=6&noTail=true&{filters}");
    let target = Target { addresses: vec![sim.address().to_string()], path, tls };
    let frames = |options: DialOptions| {
        let target = target.clone();
        async move {
            let mut socket = jimm_rpc::dial_socket(&target, &options).await.expect("upgrades");
            let mut frames: Vec<Value> = Vec::new();
            while let Some(Ok(message)) = socket.next().await {
                let Ok(text) = message.to_text() else { break };
                let Ok(frame) = serde_json::from_str(text) else { break };
                frames.push(frame);
            }
            frames
        }
    };
    let refused = frames(DialOptions::default()).await;
    assert_eq!(refused[0]["error"]["code"], "no credentials provided");
    let mut options = DialOptions::default();
    let basic = STANDARD.encode("user-admin:sim-password");
    let basic = http::HeaderValue::try_from(format!("Basic {basic}")).expect("a header");
    options.headers.push((http::header::AUTHORIZATION, basic));
    let told = frames(options).await;
    assert_eq!(told[0], json!({}));
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[1..].iter().all(|record| record["tag"] == "machine-0"));
}

#[tokio::test]
async fn switches_turn_while_it_runs() {
    let sim = controller(Shape::V36).await;
    assert!(sim.failures().set("nonsense", true).expect_err("unknown").contains("there are"));
    assert!(sim.failures().hold("NONSENSE").expect_err("unknown").contains("QUIESCE"));
    let ping = async |within: Duration| {
        let connection = door(&sim).with_password("/api", "admin", "sim-password").await.map_err(|e| e.to_string())?.0;
        connection.call::<_, Value>("Pinger", 1, "Ping", &json!({}), within).await.map_err(|e| e.to_string())
    };
    ping(LONG).await.expect("answers");
    for switch in ["drop-calls", "garbage", "slow", "refuse-connections", "refuse-logins"] {
        sim.failures().set(switch, true).expect("a switch");
        assert!(ping(Duration::from_millis(300)).await.is_err(), "{switch}");
        sim.failures().set(switch, false).expect("a switch");
        ping(LONG).await.unwrap_or_else(|e| panic!("after {switch}: {e}"));
    }
    let open = admin(&sim, "/api").await;
    sim.failures().set("freeze", true).expect("a switch");
    let short = Duration::from_millis(200);
    let frozen = open.call::<_, Value>("Pinger", 1, "Ping", &json!({}), short).await.expect_err("silent");
    assert!(matches!(frozen, jimm_rpc::CallError::Deadline(_)), "{frozen}");
    sim.failures().set("freeze", false).expect("a switch");
    ask(&open, "Pinger", 1, "Ping", json!({})).await;
    sim.failures().set("lie-about-uuid", true).expect("a switch");
    let (_, login) = door(&sim).with_password("/api", "admin", "sim-password").await.expect("logs in");
    assert_ne!(login.controller_tag, format!("controller-{}", sim.uuid()));
}

#[tokio::test]
async fn local_users_are_added_log_in_and_go() {
    let sim = controller(Shape::V36).await;
    let uuid = sim.add_model("shop", "bob", &[]);
    let api = admin(&sim, "/api").await;
    let user = json!({"users": [{"username": "bob", "display-name": "", "password": "bobs"}]});
    assert_eq!(ask(&api, "UserManager", 3, "AddUser", user).await, json!({"results": [{"tag": "user-bob"}]}));
    let (bob, login) = door(&sim).with_password("/api", "bob", "bobs").await.expect("logs in");
    assert_eq!(login.user_info.expect("a user").controller_access, "login");
    let listed = ask(&bob, "ModelManager", 10, "ListModels", json!({"tag": "user-bob"})).await;
    assert_eq!(listed["user-models"][0]["model"]["uuid"], json!(uuid));
    let refused = bob.call::<_, Value>("Controller", 12, "AllModels", &json!({}), LONG).await.expect_err("no");
    assert_eq!(refused.code(), "unauthorized access");
    ask(&api, "UserManager", 3, "RemoveUser", json!({"entities": [{"tag": "user-bob"}]})).await;
    assert!(door(&sim).with_password("/api", "bob", "bobs").await.is_err());
}

#[tokio::test]
async fn what_it_knows_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { dir: Some(dir.path().to_owned()), ..Options::default() };
    let sim = Controller::start(options.clone()).await.expect("starts");
    let uuid = sim.add_model("shop", "admin", &["web"]);
    sim.stop().await;
    let again = Controller::start(options).await.expect("starts again");
    assert_eq!((again.uuid(), again.ca_pem()), (sim.uuid(), sim.ca_pem()));
    let model = admin(&again, &format!("/model/{uuid}/api")).await;
    let status = ask(&model, "Client", 8, "FullStatus", json!({"patterns": null})).await;
    assert!(status["applications"]["web"].is_object(), "{status}");
}
