//! A listening socket: accepts, speaks TLS, serves HTTP/1.1, and stops.
//!
//! A peer that is slow to shake hands or to send its request costs a place for a short time only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::config::TlsFiles;
use crate::lifecycle::Lifecycle;

/// How long a peer may take for the TLS handshake, and for the head of a request.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(10);
/// How long a peer that is turned away may go on sending.
const LINGER: Duration = Duration::from_secs(1);
/// The answer to HTTP without TLS.
const IN_CLEAR: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    this port speaks TLS: connect with https:// or wss://\n";
/// How many may wait in the kernel's queue until they are accepted (it allows `net.core.somaxconn` at most): after a
/// restart everybody comes back at once, and who has no place there tries again after a second, then two, then four.
const QUEUE: u32 = 4096;
/// How long to wait when the system has no more sockets for us.
const EXHAUSTED: Duration = Duration::from_millis(200);

/// Why nothing can be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or the key cannot be read.
    #[error("cannot read {path} as PEM")]
    Pem {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The certificate and the key do not fit.
    #[error("certificate and key cannot be used for TLS")]
    Tls(#[source] rustls::Error),
}

/// The connection that a request came on, to be ended where it stands. A request has it among its extensions.
#[derive(Clone, Debug)]
pub(super) struct HangUp {
    cut: CancellationToken,
    over: CancellationToken,
}

impl HangUp {
    /// Ends the connection, unless its peer takes what is left, and goes, within that time.
    pub(super) async fn within(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.over.cancelled()).await;
        self.cut.cancel();
    }
}

/// A listening socket.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    address: SocketAddr,
}

impl Listener {
    /// Listens; with certificate and key, for TLS.
    pub fn bind(address: SocketAddr, tls: Option<&TlsFiles>) -> Result<Self, ListenerError> {
        let tls = tls.map(acceptor).transpose()?;
        let failed = |source| ListenerError::Bind { address, source };
        let tcp = queue(address).map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, tls, address })
    }

    /// Where it listens: the port is the real one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, and connections until the broker stops. At most `limit` connections at a time.
    pub async fn serve(self, router: Router, lifecycle: Lifecycle, stop: CancellationToken, limit: usize) {
        let places = Arc::new(Semaphore::new(limit));
        let mut exhausted = false;
        loop {
            let accepted = async {
                // Without a place for it, a peer waits in the kernel's queue.
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((self.tcp.accept().await, place))
            };
            let Some(Some((accepted, place))) = stop.run_until_cancelled(accepted).await else { return };
            match accepted {
                Ok((stream, peer)) => {
                    exhausted = false;
                    let (router, tls) = (router.clone(), self.tls.clone());
                    let (tasks, stop, lifecycle) = (lifecycle.sessions.clone(), stop.clone(), lifecycle.clone());
                    tasks.spawn(async move {
                        connection(stream, peer, tls, router, (&stop, &lifecycle.cutting)).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Told once, not at every try.
                    if !std::mem::replace(&mut exhausted, true) {
                        tracing::warn!(error = %error, "cannot accept connections");
                    }
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
}

fn queue(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // What is left of connections to an earlier process does not keep its port from us.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: (&CancellationToken, &CancellationToken),
) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return http(stream, peer, router, stop).await };
    match tokio::time::timeout(HANDSHAKE, handshake(stream, tls)).await {
        Ok(Ok(Some(stream))) => http(stream, peer, router, stop).await,
        // Somebody looked whether the port is open.
        Ok(Ok(None)) => {}
        Ok(Err(error)) => tracing::info!(client.address = %peer, error = %error, "TLS handshake failed"),
        Err(_) => tracing::info!(client.address = %peer, "TLS handshake takes too long"),
    }
}

/// Speaks TLS; `None` when the peer went away without a word. Who speaks HTTP in clear is told so.
async fn handshake(mut stream: TcpStream, tls: TlsAcceptor) -> std::io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1..) if first[0].is_ascii_alphabetic() => {
            stream.write_all(IN_CLEAR).await?;
            stream.shutdown().await?;
            // What is unread at the end would take the answer away from the peer.
            let mut rest = [0; 4096];
            let drained = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
            let _ = tokio::time::timeout(LINGER, drained).await;
            Err(std::io::Error::other("the client does not speak TLS"))
        }
        Ok(1..) => tls.accept(stream).await.map(Some),
        _ => Ok(None),
    }
}

async fn http<S>(stream: S, peer: SocketAddr, router: Router, (soft, hard): (&CancellationToken, &CancellationToken))
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let hang_up = HangUp { cut: hard.child_token(), over: CancellationToken::new() };
    let (cut, _over) = (hang_up.cut.clone(), hang_up.over.clone().drop_guard());
    let service = router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(hang_up.clone());
        request
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = soft.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                served = &mut serving => served,
                () = cut.cancelled() => Ok(()),
            }
        }
        () = cut.cancelled() => Ok(()),
    };
    match served {
        Err(error) if error.is_parse() => {
            tracing::info!(client.address = %peer, error = %error, "request refused");
        }
        Err(error) => tracing::debug!(client.address = %peer, error = %error, "connection is broken"),
        Ok(()) => {}
    }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ListenerError> {
    let wrong = |path: &std::path::Path, source| ListenerError::Pem { path: path.display().to_string(), source };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|source| wrong(&files.cert, source))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| wrong(&files.key, source))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ListenerError::Tls)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(ListenerError::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
