//! A simulated controller by its socket: logins, rights, facades, uploads, streams, switches, restarts.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use jimm_proto::params::admin::LoginRequest;
use jimm_rpc::{Connection, DialOptions, Target, Tls};
use jimm_tests::client::Door;
use jimm_tests::pki::Ca;
use jimm_tests::process::eventually;
use jimm_tests::sim::{Controller, Options, Shape};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
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

/// A key and a server that publishes it.
struct Issuer {
    key: rcgen::KeyPair,
    url: String,
    ca: String,
    _server: tokio_util::task::AbortOnDropHandle<()>,
}

impl Issuer {
    #[expect(clippy::disallowed_methods, reason = "the handle owns the task")]
    async fn start() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let point = key.public_key_raw().to_vec();
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1",
                                   "x": url_safe.encode(&point[1..33]), "y": url_safe.encode(&point[33..65])}]})
        .to_string();
        let ca = Ca::new("issuer").expect("a CA");
        let (cert, private) = ca.issue().expect("a certificate");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://localhost:{}/.well-known/jwks.json", listener.local_addr().expect("bound").port());
        let acceptor = acceptor(&cert, &private);
        let server = tokio::spawn(async move {
            loop {
                let Ok((tcp, _)) = listener.accept().await else { return };
                let Ok(tls) = acceptor.accept(tcp).await else { continue };
                let set = set.clone();
                let service = hyper::service::service_fn(move |_| {
                    let body = http_body_util::Full::new(bytes::Bytes::from(set.clone()));
                    async move { Ok::<_, std::convert::Infallible>(hyper::Response::new(body)) }
                });
                let io = hyper_util::rt::TokioIo::new(tls);
                let _ =
                    hyper::server::conn::http1::Builder::new().keep_alive(false).serve_connection(io, service).await;
            }
        });
        Self { key, url, ca: ca.pem(), _server: tokio_util::task::AbortOnDropHandle::new(server) }
    }

    fn options(&self, shape: Shape) -> Options {
        Options {
            shape,
            login_token_refresh_url: Some(self.url.clone()),
            jwks_ca: Some(self.ca.clone()),
            ..Options::default()
        }
    }

    #[expect(clippy::disallowed_methods, reason = "tokens need the time of the day")]
    fn token(&self, kid: Option<&str>, sub: &str, access: &[(String, &str)], lives: i64) -> String {
        let now = chrono::Utc::now().timestamp();
        let access: BTreeMap<&str, &str> = access.iter().map(|(tag, level)| (tag.as_str(), *level)).collect();
        let claims = json!({"sub": sub, "iat": now - 60, "exp": now + lives, "access": access});
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        let key = EncodingKey::from_ec_der(&self.key.serialize_der());
        STANDARD.encode(jsonwebtoken::encode(&header, &claims, &key).expect("signs"))
    }
}

fn acceptor(cert: &str, key: &str) -> tokio_rustls::TlsAcceptor {
    use rustls::pki_types::pem::PemObject;
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let cert = rustls::pki_types::CertificateDer::from_pem_slice(cert.as_bytes()).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("TLS").with_no_client_auth().with_single_cert(vec![cert], key).expect("matches");
    tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config))
}

async fn with_token(sim: &Controller, path: &str, token: &str) -> Result<Connection, String> {
    let connection = door(sim).dial(path).await.expect("dials");
    let request = LoginRequest { token: token.to_owned(), ..LoginRequest::default() };
    jimm_rpc::login(&connection, &request, LONG).await.map_err(|e| e.to_string()).map(|_| connection)
}

#[tokio::test]
async fn before_login_nothing_is_open_and_a_wrong_password_opens_nothing() {
    let sim = controller(Shape::V36).await;
    let stranger = door(&sim).dial("/api").await.expect("dials");
    let refused = stranger.call::<_, Value>("ModelManager", 10, "ListModels", &json!({}), LONG).await.expect_err("no");
    assert_eq!(refused.code(), "not implemented");
    let v4 = stranger.call::<_, Value>("Admin", 4, "LoginDevice", &json!({}), LONG).await.expect_err("no");
    assert_eq!(v4.code(), "not supported");
    let wrong = door(&sim).with_password("/api", "admin", "nonsense").await.err().expect("refused").to_string();
    assert!(wrong.contains("invalid entity name or password"), "{wrong}");
    let nowhere = format!("/model/{}/api", uuid::Uuid::new_v4());
    let unknown = door(&sim).with_password(&nowhere, "admin", "sim-password").await.err().expect("refused");
    assert!(unknown.to_string().contains("unknown model"), "{unknown}");
}

#[tokio::test]
async fn a_token_is_verified_as_real_controllers_do() {
    let issuer = Issuer::start().await;
    let sim = Controller::start(issuer.options(Shape::V41)).await.expect("starts");
    let login = [(format!("controller-{}", sim.uuid()), "login")];
    let user = "user-alice@example.com";
    with_token(&sim, "/api", &issuer.token(Some("k1"), user, &login, 60)).await.expect("a good token");
    for (token, text) in [
        (issuer.token(None, user, &login, 60), "no key ID (\"kid\") specified in token"),
        (issuer.token(Some("k2"), user, &login, 60), "failed to find key with key ID \"k2\" in key set"),
        (issuer.token(Some("k1"), user, &login, -5), "parsing login access token: \"exp\" not satisfied"),
        (issuer.token(Some("k1"), user, &[], 60), "permission denied"),
        (issuer.token(Some("k1"), "alice@example.com", &login, 60), "invalid user tag in authToken"),
        (issuer.token(Some("k1"), "user-bob", &login, 60), "cannot ensure local user \"bob\" as external"),
        ("!".to_owned(), "invalid jwt authToken in request"),
    ] {
        let refused = with_token(&sim, "/api", &token).await.err().expect("refused");
        assert!(refused.contains(text), "{refused:?} does not say {text:?}");
    }
}

#[tokio::test]
async fn an_unreachable_key_set_is_noticed_at_the_first_login() {
    let issuer = Issuer::start().await;
    let sim = Controller::start(issuer.options(Shape::V36)).await.expect("starts");
    sim.failures().set("jwks-unreachable", true).expect("a switch");
    let login = [(format!("controller-{}", sim.uuid()), "login")];
    let token = issuer.token(Some("k1"), "user-alice@example.com", &login, 60);
    let refused = with_token(&sim, "/api", &token).await.err().expect("refused");
    assert!(refused.contains("refreshing jwt key"), "{refused}");
    sim.failures().set("jwks-unreachable", false).expect("a switch");
    with_token(&sim, "/api", &token).await.expect("a good token");
}

#[tokio::test]
async fn claims_are_the_only_rights_and_what_lacks_is_told() {
    let issuer = Issuer::start().await;
    let sim = Controller::start(issuer.options(Shape::V36)).await.expect("starts");
    let uuid = sim.add_model("shop", "alice@example.com", &["web"]);
    let login = (format!("controller-{}", sim.uuid()), "login");
    let (model, user) = (format!("model-{uuid}"), "user-alice@example.com");
    let path = format!("/model/{uuid}/api");

    let bare = issuer.token(Some("k1"), user, std::slice::from_ref(&login), 60);
    let connection = with_token(&sim, &path, &bare).await.expect("logs in all the same");
    let refused = connection.call::<_, Value>("Client", 8, "FullStatus", &json!({}), LONG).await.expect_err("no");
    assert_eq!(refused.code(), "access required");
    let jimm_rpc::CallError::Remote(error) = refused else { panic!("{refused}") };
    assert_eq!(error.info.get(&model), Some(&json!("read")));

    let reader = issuer.token(Some("k1"), user, &[login.clone(), (model.clone(), "read")], 60);
    let connection = with_token(&sim, &path, &reader).await.expect("logs in");
    ask(&connection, "Client", 8, "FullStatus", json!({"patterns": null})).await;
    let writes = json!({"config": {"x": "y"}});
    let refused = connection.call::<_, Value>("ModelConfig", 3, "ModelSet", &writes, LONG).await.expect_err("no");
    assert_eq!(refused.code(), "access required");

    let connection = with_token(&sim, "/api", &reader).await.expect("logs in");
    let doomed = json!({"models": [{"model-tag": model}]});
    let answer = ask(&connection, "ModelManager", 10, "DestroyModels", doomed).await;
    assert_eq!(answer["results"][0]["error"]["code"], "access required");
    assert_eq!(answer["results"][0]["error"]["info"], json!({model.as_str(): "admin"}));
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
    #[expect(clippy::disallowed_methods, reason = "a client that trusts this controller only")]
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
    let path = format!("/model/{uuid}/log?backlog=6&noTail=true&includeEntity=machine-0");
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
    let ping = || async {
        let connection = door(&sim).with_password("/api", "admin", "sim-password").await.map_err(|e| e.to_string())?.0;
        let short = Duration::from_millis(300);
        connection.call::<_, Value>("Pinger", 1, "Ping", &json!({}), short).await.map_err(|e| e.to_string())
    };
    ping().await.expect("answers");
    for switch in ["drop-calls", "garbage", "slow", "refuse-connections", "refuse-logins"] {
        sim.failures().set(switch, true).expect("a switch");
        assert!(ping().await.is_err(), "{switch}");
        sim.failures().set(switch, false).expect("a switch");
        ping().await.unwrap_or_else(|e| panic!("after {switch}: {e}"));
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
