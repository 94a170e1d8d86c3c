//! The listener: TLS, HTTP, and the upgrade to a websocket.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use uuid::Uuid;

use super::controller::Shared;
use super::{commands, connection, http, log_stream, migration};
use crate::pki::ciphers_of_go;

/// A websocket of the server's side.
pub(super) type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;
pub(super) type Answer = Response<Full<Bytes>>;

const HANDSHAKE: Duration = Duration::from_secs(10);

pub(super) fn serve(shared: &Arc<Shared>, listener: TcpListener, cert: &str, key: &str) -> Result<()> {
    let certs =
        CertificateDer::pem_slice_iter(cert.as_bytes()).collect::<Result<Vec<_>, _>>().context("bad certificate")?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).context("bad key")?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ciphers_of_go()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certs, key)?;
    config.ignore_client_order = true;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
    tasks.spawn(async move {
        let stop = shared.stop.clone();
        stop.run_until_cancelled(accept(shared, listener, acceptor)).await;
    });
    Ok(())
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else { continue };
        if shared.failures.is_on("refuse-connections") {
            continue;
        }
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        shared.tasks.clone().spawn(async move {
            let stop = shared.stop.clone();
            stop.run_until_cancelled(converse(shared, tcp, acceptor)).await;
        });
    }
}

async fn converse(shared: Arc<Shared>, tcp: TcpStream, acceptor: TlsAcceptor) {
    shared.failures.wait_off("freeze").await;
    let _ = tcp.set_nodelay(true);
    let Ok(Ok(tls)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(tcp)).await else { return };
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, std::convert::Infallible>(route(shared, request).await) }
    });
    let _ =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tls), service).with_upgrades().await;
}

/// What a path names: `/model/UUID/rest` and `/model-UUID/rest` alike.
pub(super) fn split_path(path: &str) -> (Option<Uuid>, &str) {
    let rest = path.strip_prefix("/model/").or_else(|| path.strip_prefix("/model-"));
    let Some((uuid, rest)) = rest.and_then(|rest| rest.split_once('/')) else { return (None, path) };
    match Uuid::try_parse(uuid) {
        Ok(uuid) => (Some(uuid), &path[path.len() - rest.len() - 1..]),
        Err(_) => (None, path),
    }
}

async fn route(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let (model, rest) = split_path(&path);
    let wants_socket = request.headers().get(UPGRADE).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"));
    match (rest, wants_socket) {
        ("/api" | "/", true) => upgrade(shared, request, move |shared, socket| connection::run(shared, model, socket)),
        ("/log", true) => {
            let (query, authorization) = (query(&request), http::authorization(&request));
            upgrade(shared, request, move |shared, socket| log_stream::run(shared, model, query, authorization, socket))
        }
        // 4.x has it no more.
        ("/commands", true) if !shared.shape().is_4() => {
            upgrade(shared, request, move |shared, socket| commands::run(shared, model, socket))
        }
        ("/migrate/logtransfer", true) => {
            let header =
                |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            let headers = migration::LogHeaders {
                authorization: http::authorization(&request),
                model: header("X-Juju-Migration-Model-UUID"),
                client_version: header("X-Juju-ClientVersion"),
            };
            upgrade(shared, request, move |shared, socket| migration::take_logs(shared, headers, socket))
        }
        ("/health", false) => plain(StatusCode::OK, "running\n"),
        _ => http::serve(&shared, model, rest, request).await,
    }
}

pub(super) fn query(request: &Request<Incoming>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}

pub(super) fn plain(status: StatusCode, text: &str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    response
}

fn upgrade<F, Fut>(shared: Arc<Shared>, mut request: Request<Incoming>, run: F) -> Answer
where
    F: FnOnce(Arc<Shared>, Socket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return plain(StatusCode::BAD_REQUEST, "no websocket key");
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrading = hyper::upgrade::on(&mut request);
    let stop = shared.stop.clone();
    shared.tasks.clone().spawn(async move {
        let Ok(upgraded) = upgrading.await else { return };
        let config = jimm_rpc::socket_config(256 << 20);
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        stop.run_until_cancelled(run(shared, socket)).await;
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Full::default());
    response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, ""))
}
