//! Dialling: which address wins, what is verified, and what is told when nothing answers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::{Raw, SHORT, SOON, Server, next, quiet, say};
use jimm_rpc::{DialError, DialOptions, Target, Tls, connect_stream, dial, dial_socket, dial_socket_on, dial_spare};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// An address that takes connections and says nothing.
async fn black_hole() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

/// An address where nobody listens.
async fn nobody() -> String {
    black_hole().await.1
}

async fn failure(target: &Target, timeout: Duration) -> DialError {
    dial(target, &DialOptions { timeout, ..quiet() }).await.expect_err("nobody to talk to")
}

#[tokio::test]
async fn the_first_address_that_answers_wins() {
    let server = Server::answering("{}").await;
    let (_hole, silent) = black_hole().await;
    let mut target = server.target();
    target.addresses = vec![silent, nobody().await, server.address.clone()];
    let began = Instant::now();
    let connection = dial(&target, &quiet()).await.expect("a connection");
    assert!(began.elapsed() < SOON / 2, "did not wait for the silent one");
    let _: Value = connection.call("A", 1, "B", &json!({}), SOON).await.expect("an answer");
}

/// `localhost` may mean ::1 too, where nobody listens.
#[tokio::test]
async fn a_name_is_looked_up() {
    let server = Server::answering("{}").await;
    let mut target = server.target();
    target.addresses = vec![server.address.replace("127.0.0.1", "localhost")];
    dial(&target, &quiet()).await.expect("a connection");
    target.addresses = vec!["name.invalid:17070".to_owned()];
    assert!(failure(&target, SOON).await.to_string().starts_with("dial name.invalid:17070: "));
}

#[tokio::test]
async fn each_address_tells_why_it_failed() {
    let server = Server::answering("{}").await;
    let (_hole, silent) = black_hole().await;
    let refused = nobody().await;
    let mut target = server.target();
    target.addresses = vec![silent.clone(), refused.clone(), "nowhere".to_owned()];
    let error = failure(&target, SHORT * 2).await;
    let text = error.to_string();
    assert!(text.contains(&format!("dial {silent}: no answer within 400ms")), "{text}");
    assert!(text.contains(&format!("dial {refused}: ")) && text.contains("refused"), "{text}");
    assert!(text.contains("dial nowhere: not an address of the form host:port"), "{text}");
    assert_eq!((error.attempts.len(), error.certificate), (3, false));
    target.addresses.clear();
    assert_eq!(failure(&target, SOON).await.to_string(), "no addresses to dial");
}

#[tokio::test]
async fn only_the_given_authority_and_name_are_trusted() {
    let (server, other) = (Server::answering("{}").await, Server::answering("{}").await);
    let mut target = server.target();
    let tls = |pem: &str, name: &str| Tls::for_controller(pem, name);
    for (tls, why) in [
        (tls(&other.ca, ""), "invalid peer certificate"),
        (tls(&server.ca, "controller.example.com"), "not valid for name"),
        (tls("", "juju-apiserver"), "invalid peer certificate"),
        (tls("no certificate", ""), "holds no certificate"),
        (tls(&server.ca, "not a name"), "no server name"),
    ] {
        target.tls = tls;
        let error = failure(&target, SOON).await;
        assert!(error.certificate && error.to_string().contains(why), "{why}: {error}");
        assert!(error.to_string().contains(&server.address), "{error}");
    }
    // Several authorities may stand in one text.
    target.tls = tls(&format!("{}\n{}", other.ca, server.ca), "");
    dial(&target, &quiet()).await.expect("a connection");
}

#[tokio::test]
async fn a_refused_handshake_tells_the_status() {
    let server = Server::raw(|mut tls: Raw| async move {
        let _ = tls.read(&mut [0; 4096]).await;
        let body = "unknown path";
        let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let _ = tls.write_all(head.as_bytes()).await;
        let _ = tls.shutdown().await;
    })
    .await;
    let error = failure(&server.target(), SOON).await;
    assert!(error.to_string().contains("the peer answered 404 Not Found: unknown path"), "{error}");
    assert!(!error.certificate);
}

#[tokio::test]
async fn what_a_peer_refuses_on_a_spare_stream_is_not_asked_again() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let server = Server::raw(move |mut tls: Raw| {
        let count = count.clone();
        async move {
            if tls.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = tls.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
                let _ = tls.shutdown().await;
            }
        }
    })
    .await;
    let spare = dial_spare(&server.target(), SOON).await.expect("a stream");
    let error = dial_socket_on(spare, &server.target(), &quiet()).await.expect_err("refused");
    assert_eq!((error.status, asked.load(Ordering::SeqCst)), (Some(404), 1), "{error}");
}

#[tokio::test]
async fn path_query_and_headers_arrive() {
    let seen = Arc::new(Mutex::new(String::new()));
    let note = seen.clone();
    let server = Server::raw(move |tls| {
        let note = note.clone();
        async move {
            #[expect(clippy::result_large_err, reason = "the signature the library asks for")]
            let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
                let authorization = request.headers().get("authorization").and_then(|v| v.to_str().ok());
                let host = request.headers().get("host").and_then(|v| v.to_str().ok());
                *note.lock().unwrap_or_else(PoisonError::into_inner) =
                    format!("{} {authorization:?} {host:?}", request.uri());
                Ok(response)
            };
            let mut socket = tokio_tungstenite::accept_hdr_async(tls, look).await.expect("a handshake");
            say(&mut socket, "{\"error\":null}\n").await;
            next(&mut socket).await;
        }
    })
    .await;
    let target = Target { path: "/model/u/log?level=INFO&replay=true".to_owned(), ..server.target() };
    let headers = vec![(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer x"))];
    let mut socket = dial_socket(&target, &DialOptions { headers, ..quiet() }).await.expect("a socket");
    let first = futures_util::StreamExt::next(&mut socket).await.expect("a message").expect("good");
    assert_eq!(first.to_text().expect("text"), "{\"error\":null}\n", "byte for byte");
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let host = &server.address;
    assert_eq!(seen, format!("/model/u/log?level=INFO&replay=true Some(\"Bearer x\") Some({host:?})"));
}

#[tokio::test]
async fn a_stream_carries_bytes() {
    let server = Server::raw(|mut tls: Raw| async move {
        let mut bytes = [0; 4];
        if tls.read_exact(&mut bytes).await.is_ok() {
            let _ = tls.write_all(&bytes).await;
            let _ = tls.shutdown().await;
        }
    })
    .await;
    let mut stream = connect_stream(&server.target(), SOON).await.expect("a stream");
    stream.write_all(b"ping").await.expect("written");
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await.expect("read");
    assert_eq!(back, b"ping");
}

/// Dialling a model again and again must be cheap: one setting a CA, and TLS sessions are resumed.
#[tokio::test]
async fn sessions_are_resumed() {
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let note = kinds.clone();
    let server = Server::raw(move |tls: Raw| {
        note.lock().unwrap_or_else(PoisonError::into_inner).push(tls.get_ref().1.handshake_kind());
        async move {
            let mut socket = tokio_tungstenite::accept_async(tls).await.expect("a handshake");
            next(&mut socket).await;
        }
    })
    .await;
    for _ in 0..2 {
        server.dial().await.close();
    }
    let kinds = kinds.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(kinds, [Some(rustls::HandshakeKind::Full), Some(rustls::HandshakeKind::Resumed)]);
}
