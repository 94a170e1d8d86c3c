//! Every listener, and bytes that are not meant for it: the process lives, serves others, and frees what it held.

use std::time::{Duration, Instant};

use jimm_tests::app::TestApp;
use jimm_tests::broker::ADMIN;
use jimm_tests::process::{Frozen, eventually};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{broker, line_of, open_files, serves};
use crate::wire::{TEXT, Ws, frame, https, in_clear, tls};

/// A client's hello, as far as it matters to who does not speak TLS.
const HELLO: &[u8] = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";

/// Things that people and scanners send to ports.
fn strange() -> Vec<Vec<u8>> {
    let mut random = vec![0; 1 << 16];
    StdRng::seed_from_u64(4).fill_bytes(&mut random);
    let headers = (0..5000).fold(String::new(), |all, n| all + &format!("X-{n}: y\r\n"));
    vec![
        Vec::new(),
        b"\r\n\r\n".to_vec(),
        b"\0".repeat(4096),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /api HTTP/1.1\nHost".to_vec(),
        b"POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_vec(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20)).into_bytes(),
        format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)).into_bytes(),
        format!("GET / HTTP/1.1\r\n{headers}\r\n").into_bytes(),
        HELLO.to_vec(),
        HELLO.iter().copied().chain(random.iter().copied()).collect(),
        b"\x16\x03\x01\xff\xff".iter().copied().chain(random.iter().copied()).collect(),
        random,
    ]
}

/// Sends, says that no more comes, and listens until the end.
pub(crate) async fn throw(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    let mut heard = Vec::new();
    let both = async {
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut heard).await;
    };
    tokio::time::timeout(Duration::from_secs(15), both).await.expect("the broker ends it");
    heard
}

pub(crate) async fn freed(app: &TestApp, before: usize) {
    eventually("what was held is free again", Duration::from_secs(40), || async {
        // A few more connections to the database may stay.
        (open_files(app) <= before + 5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn strange_bytes_at_every_port_hurt_nobody() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    serves(&app, &token).await;
    let before = open_files(&app);
    for bytes in strange() {
        throw(app.plan.port, &bytes).await;
        throw(app.plan.metrics_port, &bytes).await;
        // And within TLS.
        if !bytes.is_empty() && bytes[0] != 0 {
            let (mut stream, _) = tls(&app).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let mut heard = Vec::new();
            let _ = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut heard)).await.expect("ends");
        }
    }
    serves(&app, &token).await;
    freed(&app, before).await;
    assert!(app.log_lines().iter().all(|line| line["level"] == "INFO"), "nothing to worry about");
}

#[tokio::test]
async fn each_port_says_what_it_speaks() {
    let app = broker(&[]).await;
    let (answer, me) = in_clear(app.plan.port, b"GET /api HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("connect with https:// or wss://\n"), "{answer}");
    assert_eq!(line_of(&app, me).await["error"], "the client does not speak TLS");
    let (answer, _) = in_clear(app.plan.metrics_port, HELLO).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    for (request, status, text) in [
        ("GET /nothing HTTP/1.1", 404, "no such page"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", 404, "no such page"),
        ("GET /api HTTP/1.1", 400, "connect with one"),
        ("POST /api HTTP/1.1", 400, "connect with one"),
        ("DELETE /.well-known/jwks.json HTTP/1.1", 405, "use GET"),
    ] {
        let (answer, me) = https(&app, format!("{request}\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(text), "{request}: {answer}");
        assert_eq!(line_of(&app, me).await["http.status"], status, "{request}");
    }
    let (answer, me) = https(&app, b"no HTTP at all\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(line_of(&app, me).await["message"], "request refused");
}

/// Thousands who connect and say nothing, or nothing whole, cost places for a short time, and nobody else waits.
#[tokio::test]
async fn crowds_that_say_nothing_are_served_around_and_forgotten() {
    let app = broker(&[("JIMM_LOGIN_TIMEOUT", "15s")]).await;
    let token = app.token(ADMIN).await.expect("a token");
    serves(&app, &token).await;
    let before = open_files(&app);
    let (mut half_a_request, _) = tls(&app).await;
    half_a_request.write_all(b"GET /api HTTP/1.1\r\nHost: ").await.expect("it is taken");
    let mut nobody = Vec::new();
    for _ in 0..50 {
        nobody.push(Ws::open(&app, "/api", "").await);
    }
    let mut half_a_frame = Ws::open(&app, "/api", "").await;
    half_a_frame.bytes(&frame(true, TEXT, b"{\"request-id\":1}")[..8]).await;
    // Last, for they are let go of after ten seconds.
    let mut silent = Vec::new();
    for n in 0..2000 {
        let mut stream = TcpStream::connect(("127.0.0.1", app.plan.port)).await.expect("it listens");
        if n % 2 == 0 {
            stream.write_all(HELLO).await.expect("it is taken");
        }
        silent.push(stream);
    }
    eventually("all of them are connected", Duration::from_secs(8), || async {
        (open_files(&app) > before + 2000).then_some(())
    })
    .await;
    let began = Instant::now();
    serves(&app, &token).await;
    // Not until the silent ones are let go of.
    assert!(began.elapsed() < Duration::from_secs(8), "others wait {:?}", began.elapsed());
    // Nobody of ours ends anything.
    freed(&app, before).await;
    for mut ws in nobody {
        assert_eq!(ws.end().await, crate::wire::Heard::Closed(1001, "nobody logged in in time".into()));
    }
    serves(&app, &token).await;
}

#[tokio::test]
async fn more_connections_than_allowed_wait_and_are_served_when_others_end() {
    let app = broker(&[("JIMM_MAX_CONNECTIONS", "20")]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(("127.0.0.1", app.plan.port)).await.expect("the kernel's queue"));
    }
    // The metrics are not for the public, and stay.
    let (status, _) = jimm_tests::process::http_get(app.plan.metrics_port, "/metrics").expect("an answer");
    assert_eq!(status, 200);
    silent.truncate(30);
    drop(silent);
    serves(&app, &token).await;
}

/// After a restart everybody comes back at once: those who come while the broker is busy wait in the kernel's queue. Who
/// has no place there tries again after a second, then two, then four.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_crowd_that_comes_at_once_has_a_place_in_the_queue() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("the kernel's limit");
    let crowd = most.trim().parse::<usize>().expect("a number").min(1000);
    let busy = Frozen::new(app.broker_pid());
    let mut came = Vec::new();
    for n in 0..crowd {
        let connected = TcpStream::connect(("127.0.0.1", app.plan.port));
        let stream = tokio::time::timeout(Duration::from_millis(900), connected).await;
        came.push(stream.unwrap_or_else(|_| panic!("number {n} had no place")).expect("it listens"));
    }
    drop(busy);
    serves(&app, &token).await;
}
