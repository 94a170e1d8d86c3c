//! Random bytes at every listener, from fixed seeds: the process lives, serves others, complains of nothing, and holds
//! nothing of them afterwards. Other seeds: `BAD_INPUT_SEEDS=7,8,9`.

use std::fmt::Write as _;
use std::time::Duration;

use jimm::web::ROUTES;
use jimm_tests::app::TestApp;
use jimm_tests::broker::ADMIN;
use jimm_tests::browser;
use jimm_tests::process::{eventually, http_get};
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::listeners::{freed, throw};
use crate::support::{World, basic, open_files};
use crate::wire::{BINARY, TEXT, Ws, frame, tls};

#[expect(clippy::disallowed_methods, reason = "a knob of the tests, not of the program")]
fn seeds() -> Vec<u64> {
    let given = std::env::var("BAD_INPUT_SEEDS").unwrap_or_else(|_| "1,2,3,4".to_owned());
    given.split(',').map(|seed| seed.trim().parse().expect("a number")).collect()
}

/// It is up, has nothing to say of it, and holds nothing of it.
async fn unharmed(world: &World, before: usize, seed: u64) {
    let app = &world.app;
    world.serves().await;
    freed(app, before).await;
    let gauge = |line: &str| line.starts_with("jimm_connections{") && !line.ends_with(" 0");
    eventually("no connection is counted any more", Duration::from_secs(15), || async {
        let (_, metrics) = http_get(app.plan.metrics_port, "/metrics")?;
        (!metrics.lines().any(gauge)).then_some(())
    })
    .await;
    // A panic would be no line of the log at all.
    let bad: Vec<_> = app.log_lines().into_iter().filter(|line| line["level"] != "INFO").collect();
    assert!(bad.is_empty(), "seed {seed}: {bad:#?}");
}

async fn started() -> (World, usize) {
    let world = World::with(&[("JIMM_DASHBOARD_FINAL_REDIRECT_URL", "https://dashboard.example.com/")]).await;
    world.serves().await;
    let before = open_files(&world.app) + 5;
    (world, before)
}

#[tokio::test]
async fn on_open_websockets() {
    let (world, before) = started().await;
    for seed in seeds() {
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..60 {
            let mut ws = match rng.random_range(0..6) {
                0 => Ws::open(&world.app, "/api", "").await,
                1 => Ws::open(&world.app, &world.model_path(), "").await,
                2 => Ws::open(&world.app, "/model/nonsense/api", "").await,
                3 => Ws::logged_in(&world.app, "/api", &world.token).await,
                4 => Ws::logged_in(&world.app, &world.model_path(), &world.token).await,
                _ => world.stream().await,
            };
            for _ in 0..rng.random_range(1..8) {
                let bytes = random_frame(&mut rng);
                if !ws.bytes(&bytes).await {
                    break;
                }
            }
            // Some say good-bye.
            if rng.random_bool(0.2) {
                ws.bytes(&frame(true, 8, &[3, 0xe8])).await;
            }
        }
        unharmed(&world, before, seed).await;
    }
}

#[tokio::test]
async fn as_requests_at_every_port() {
    let (world, before) = started().await;
    let client = browser::client(&world.app).expect("a client");
    let cookie = browser::session(&world.app, &client, ADMIN).await.expect("a session");
    drop(client);
    for seed in seeds() {
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..150 {
            let (bytes, whole) = random_request(&mut rng, &world, &cookie);
            let heard = within_tls(&world.app, &bytes, whole).await;
            assert!(heard.is_empty() || heard.starts_with(b"HTTP/1."), "seed {seed}: {bytes:?}");
            let (bytes, _) = random_request(&mut rng, &world, &cookie);
            let heard = throw(world.app.plan.metrics_port, &bytes).await;
            assert!(heard.is_empty() || heard.starts_with(b"HTTP/1."), "seed {seed}: {bytes:?}");
            throw(world.app.plan.port, &random_hello(&mut rng)).await;
        }
        unharmed(&world, before, seed).await;
    }
    let lines = world.app.log_lines();
    let answered = lines.iter().filter(|line| line["http.status"] == 200 || line["http.status"] == 400).count();
    assert!(answered > seeds().len(), "the random requests reach something: {answered}");
    let failed: Vec<_> = lines.iter().filter(|line| line["http.status"] == 500).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    println!("{answered} of them were answered");
}

/// Who says that no more comes is not answered any more: only those do who have not said it in their request.
async fn within_tls(app: &TestApp, bytes: &[u8], whole: bool) -> Vec<u8> {
    let (mut stream, _) = tls(app).await;
    let mut heard = Vec::new();
    let both = async {
        let _ = stream.write_all(bytes).await;
        if !whole {
            let _ = stream.shutdown().await;
        }
        let _ = stream.read_to_end(&mut heard).await;
    };
    tokio::time::timeout(Duration::from_secs(15), both).await.expect("the broker ends it");
    heard
}

fn some(rng: &mut StdRng, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; rng.random_range(0..most)];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn one_of<'a>(rng: &mut StdRng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

/// A few bytes are others.
fn changed(rng: &mut StdRng, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..rng.random_range(0..4) {
        let at = rng.random_range(0..bytes.len());
        bytes[at] = rng.random();
    }
    bytes
}

fn random_frame(rng: &mut StdRng) -> Vec<u8> {
    let payload = some(rng, 300);
    match rng.random_range(0..6) {
        0 => payload,
        1 => frame(rng.random(), rng.random_range(0..16), &payload),
        2 => frame(true, BINARY, &payload),
        3 => {
            let text = br#"{"request-id":1,"type":"ModelManager","version":9,"request":"ModelInfo","params":{"entities":[{"tag":"model-x"}]}}"#;
            frame(true, TEXT, &changed(rng, text.to_vec()))
        }
        4 => {
            let whole = frame(true, TEXT, br#"{"request-id":1,"type":"Pinger","version":1,"request":"Ping"}"#);
            changed(rng, whole)
        }
        // JSON of any shape, as a request.
        _ => {
            let facades = ["ModelManager", "Cloud", "JIMM", "Admin", "Pinger", "Client", "Controller", "UserManager"];
            let methods =
                ["ModelInfo", "Cloud", "ImportModel", "LoginDevice", "Ping", "FullStatus", "UserInfo", "Next"];
            let params = [
                "null",
                "{}",
                "[]",
                "7",
                r#"{"entities":[{"tag":7}]}"#,
                r#"{"entities":[{}]}"#,
                r#"{"entities":null}"#,
                r#"{"args":null}"#,
            ];
            let text = format!(
                r#"{{"request-id":{},"type":"{}","version":{},"request":"{}","params":{}}}"#,
                rng.random_range(1..9),
                one_of(rng, &facades),
                rng.random_range(0..12),
                one_of(rng, &methods),
                one_of(rng, &params),
            );
            frame(true, TEXT, text.as_bytes())
        }
    }
}

fn random_path(rng: &mut StdRng, world: &World) -> String {
    let (model, model_dashed) = (format!("/model/{}", world.model), format!("/model-{}", world.model));
    let mut roots: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    roots.extend(["", model.as_str(), model_dashed.as_str(), "/model", "/auth", "/rebac/v2"]);
    let rests = [
        "",
        "",
        "",
        "/",
        "/api",
        "/log",
        "/charms/a-1",
        "/charms?x=%00",
        "/tools/..",
        "/applications/a/resources/b",
        "//",
    ];
    let ids = [
        "x",
        "%00",
        "..",
        "%2e%2e",
        "%ff",
        "*",
        ADMIN,
        &world.model,
        "11111111-1111-4111-8111-111111111111",
        "%F0%9F%92%A5",
    ];
    let queries = [
        "",
        "",
        "",
        "?size=-1",
        "?page=99999999999999999999",
        "?filter=%00",
        "?nextToken=%ff",
        "?state=x&code=%00",
        "?&&=&",
    ];
    let path = one_of(rng, &roots).replace("{id}", one_of(rng, &ids));
    let rest = if path.starts_with("/model") || rng.random_bool(0.1) { one_of(rng, &rests) } else { "" };
    format!("{path}{rest}{}", one_of(rng, &queries))
}

/// The bytes, and whether they are a whole request after which the connection is to be closed.
fn random_request(rng: &mut StdRng, world: &World, cookie: &str) -> (Vec<u8>, bool) {
    if rng.random_bool(0.2) {
        return (some(rng, 3000), false);
    }
    let methods = [
        "GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE",
        "X",
    ];
    let path = random_path(rng, world);
    let mut text = format!("{} {path} HTTP/1.{}\r\nHost: a\r\n", one_of(rng, &methods), rng.random_range(0..2));
    let (token, bearer) = (basic(&world.token), format!("Authorization: Bearer {}\r\n", world.token));
    let headers = [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Upgrade: h2c\r\n",
        "Content-Length: 10\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Type: application/json\r\n",
        "Expect: 100-continue\r\n",
        "Range: bytes=9-1\r\n",
        "Authorization: Basic Og==\r\n",
        "Accept-Encoding: \u{1}\r\n",
        "Cookie: jimm-browser-session=x; ==; a\r\n",
        &token,
        &bearer,
    ];
    let odd = rng.random_bool(0.3);
    if odd {
        for _ in 0..rng.random_range(1..5) {
            text.push_str(one_of(rng, &headers));
        }
    }
    let bodies = [
        "{}",
        "[]",
        "null",
        "{\"patches\":[{\"op\":7}]}",
        "{\"patches\":null}",
        "{\"patches\":[{\"op\":\"add\",\"group\":\"\\u0000\"}]}",
        "{\"name\":[]}",
        "{\"email\":\"a\\u0000@b\"}",
    ];
    let body = if rng.random_bool(0.5) { one_of(rng, &bodies).as_bytes().to_vec() } else { some(rng, 200) };
    if !odd || rng.random_bool(0.5) {
        // A browser would log out.
        let session = format!("Cookie: {cookie}\r\n");
        text.push_str(if path.starts_with("/rebac") { &session } else { &token });
        let length = body.len();
        write!(text, "Connection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n")
            .expect("text");
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend(body);
    if rng.random_bool(0.2) { (changed(rng, bytes), false) } else { (bytes, !odd) }
}

/// Something like the beginning of TLS.
fn random_hello(rng: &mut StdRng) -> Vec<u8> {
    let payload = some(rng, 2000);
    let claims = if rng.random_bool(0.5) { payload.len() } else { rng.random_range(0..1 << 16) };
    let length = u16::try_from(claims).expect("small").to_be_bytes();
    let mut bytes = vec![rng.random_range(20..25), 3, rng.random_range(0..5), length[0], length[1]];
    if rng.random_bool(0.7) {
        bytes.extend_from_slice(&[rng.random_range(0..3), 0, rng.random_range(0..8), rng.random(), 3, 3]);
    }
    bytes.extend(payload);
    bytes
}
