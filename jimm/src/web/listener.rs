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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::config::TlsFiles;
use crate::lifecycle::Lifecycle;

/// How long a peer may take for the TLS handshake, and for the head of a request.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(30);
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

/// A listening socket.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    address: SocketAddr,
}

impl Listener {
    /// Listens; with certificate and key, for TLS.
    pub async fn bind(address: SocketAddr, tls: Option<&TlsFiles>) -> Result<Self, ListenerError> {
        let tls = tls.map(acceptor).transpose()?;
        let failed = |source| ListenerError::Bind { address, source };
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
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
        loop {
            let accepted = async {
                // Without a place for it, a peer waits in the kernel's queue.
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((self.tcp.accept().await, place))
            };
            let Some(Some((accepted, place))) = stop.run_until_cancelled(accepted).await else { return };
            match accepted {
                Ok((stream, peer)) => {
                    let (router, tls) = (router.clone(), self.tls.clone());
                    let (tasks, stop, lifecycle) = (lifecycle.sessions.clone(), stop.clone(), lifecycle.clone());
                    tasks.spawn(async move {
                        connection(stream, peer, tls, router, (&stop, &lifecycle.cutting)).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(error = %error, "cannot accept connections");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
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
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => http(stream, peer, router, stop).await,
        Ok(Err(error)) => tracing::debug!(client.address = %peer, error = %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(client.address = %peer, "TLS handshake takes too long"),
    }
}

async fn http<S>(stream: S, peer: SocketAddr, router: Router, (soft, hard): (&CancellationToken, &CancellationToken))
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
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
                () = hard.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(client.address = %peer, error = %error, "connection is broken");
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
