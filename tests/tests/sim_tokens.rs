//! Tokens at a simulated controller: how they are verified, and that their claims are the only rights.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jimm_proto::params::admin::LoginRequest;
use jimm_rpc::Connection;
use jimm_tests::client::Door;
use jimm_tests::pki::Ca;
use jimm_tests::sim::{Controller, Options, Shape};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(20);

fn door(sim: &Controller) -> Door {
    Door { address: sim.address().to_string(), ca: sim.ca_pem().to_owned() }
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
        let refused = with_token(&sim, "/api", &token).await.expect_err("refused");
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
    let refused = with_token(&sim, "/api", &token).await.expect_err("refused");
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
