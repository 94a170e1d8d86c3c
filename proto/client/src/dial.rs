//! Dialling: all addresses in parallel, a little apart; the first that opens wins.

use std::io;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::connection::Connection;
use crate::error::DialError;
use crate::stream::{Socket, Stream};
use crate::target::{DialOptions, Target};
use crate::tls;

/// Head start of an address over the next one.
const APART: Duration = Duration::from_millis(50);
/// Head start of a spare stream over a new one.
const SPARE: Duration = Duration::from_millis(250);
/// An idle socket must be cheap: the library's own default is 128 KiB each.
const BUFFER: usize = 4 * 1024;

/// Opens a connection for calls.
pub async fn dial(target: &Target, options: &DialOptions) -> Result<Connection, DialError> {
    let socket = dial_socket(target, options).await?;
    Ok(Connection::new(socket, options.pings))
}

/// Opens a websocket for who wants its frames as they are: a relay, a stream of logs.
pub async fn dial_socket(target: &Target, options: &DialOptions) -> Result<Socket, DialError> {
    let attempts = target.addresses.iter().map(|address| websocket(target, address, options).boxed());
    first(target, options.timeout, attempts.collect()).await
}

/// A stream to one of a target's addresses on which nothing was said yet.
#[derive(Debug)]
pub struct Spare {
    address: String,
    stream: Stream,
}

/// Opens a stream to a target for whoever wants a websocket there next.
pub async fn dial_spare(target: &Target, timeout: Duration) -> Result<Spare, DialError> {
    let attempts = target.addresses.iter().map(|address| {
        async move { Ok(Spare { address: address.clone(), stream: open(target, address).await? }) }.boxed()
    });
    first(target, timeout, attempts.collect()).await
}

/// Opens a websocket on a spare stream. When that was closed meanwhile, or nothing comes on it for a moment, the target is
/// dialled anew: whichever is first.
pub async fn dial_socket_on(spare: Spare, target: &Target, options: &DialOptions) -> Result<Socket, DialError> {
    let on_spare = upgrade(target, &spare.address, spare.stream, options);
    tokio::pin!(on_spare);
    match tokio::time::timeout(SPARE, &mut on_spare).await {
        Ok(Err(error)) if error.status.is_none() => return dial_socket(target, options).await,
        Ok(outcome) => return outcome,
        Err(_) => {}
    }
    let anew = dial_socket(target, options);
    tokio::pin!(anew);
    match select(on_spare, anew).await {
        Either::Left((Err(error), anew)) if error.status.is_none() => anew.await,
        Either::Left((outcome, _)) | Either::Right((outcome, _)) => outcome,
    }
}

async fn websocket(target: &Target, address: &str, options: &DialOptions) -> Result<Socket, DialError> {
    upgrade(target, address, open(target, address).await?, options).await
}

async fn upgrade(target: &Target, address: &str, stream: Stream, options: &DialOptions) -> Result<Socket, DialError> {
    let request = request(target, address, options).map_err(|e| DialError::new(address, e))?;
    let config = Some(socket_config(options.max_message));
    match tokio_tungstenite::client_async_with_config(request, stream, config).await {
        Ok((socket, _)) => Ok(socket),
        Err(WsError::Http(response)) => {
            let status = Some(response.status().as_u16());
            Err(DialError { status, ..DialError::new(address, refusal(&response)) })
        }
        Err(e) => Err(DialError::new(address, e.to_string())),
    }
}

/// What an answer that is no upgrade says; proxies put the reason into the body.
fn refusal(response: &Response<Option<Vec<u8>>>) -> String {
    let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let reason: String = body.trim().chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let separator = if reason.is_empty() { "" } else { ": " };
    format!("the peer answered {}{separator}{reason}", response.status())
}

/// Opens a stream for HTTP to the same target.
pub async fn connect_stream(target: &Target, timeout: Duration) -> Result<Stream, DialError> {
    let attempts = target.addresses.iter().map(|address| open(target, address).boxed());
    first(target, timeout, attempts.collect()).await
}

/// Messages are written together up to so many bytes.
const TOGETHER: usize = 16 * 1024;

/// The settings of every websocket here: small buffers, one limit for frames and messages.
pub fn socket_config(max_message: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(TOGETHER)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
}

/// The first of the attempts that succeeds; each begins a little after the one before. They are boxed so that the
/// futures of callers stay `Send` for every lifetime.
async fn first<T>(
    target: &Target,
    timeout: Duration,
    attempts: Vec<BoxFuture<'_, Result<T, DialError>>>,
) -> Result<T, DialError> {
    let mut attempts: FuturesUnordered<_> = (0u32..)
        .zip(attempts)
        .map(|(n, attempt)| async move {
            head_start(n).await;
            attempt.await
        })
        .collect();
    let mut failed = DialError { attempts: Vec::new(), certificate: false, status: None };
    let race = async {
        while let Some(outcome) = attempts.next().await {
            match outcome {
                Ok(won) => return Some(won),
                Err(e) => {
                    failed.attempts.extend(e.attempts);
                    failed.certificate |= e.certificate;
                    failed.status = failed.status.or(e.status);
                }
            }
        }
        None
    };
    match tokio::time::timeout(timeout, race).await {
        Ok(Some(won)) => Ok(won),
        Ok(None) => Err(failed),
        Err(_) => {
            let silent = target.addresses.iter().filter(|a| !failed.attempts.iter().any(|(f, _)| f == *a));
            let late: Vec<_> = silent.map(|a| (a.clone(), format!("no answer within {timeout:?}"))).collect();
            failed.attempts.extend(late);
            Err(failed)
        }
    }
}

/// Waits until the nth may begin. The first does at once: even a sleep of no time ends with the timer's next tick.
async fn head_start(n: u32) {
    if n > 0 {
        tokio::time::sleep(APART * n).await;
    }
}

async fn open(target: &Target, address: &str) -> Result<Stream, DialError> {
    let host = host_of(address).ok_or_else(|| DialError::new(address, "not an address of the form host:port"))?;
    let tls =
        tls::for_dial(&target.tls, host).map_err(|e| DialError { certificate: true, ..DialError::new(address, e) })?;
    let tcp = connect(address).await.map_err(|e| DialError::new(address, e.to_string()))?;
    // Small frames must not wait for each other.
    tcp.set_nodelay(true).map_err(|e| DialError::new(address, e.to_string()))?;
    let Some((config, name)) = tls else { return Ok(Stream::plain(tcp)) };
    let shown = shown(&name);
    match TlsConnector::from(config).connect(name, tcp).await {
        Ok(stream) => Ok(Stream::tls(stream)),
        Err(e) => {
            let certificate = e
                .get_ref()
                .and_then(|e| e.downcast_ref::<rustls::Error>())
                .is_some_and(|e| matches!(e, rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)));
            Err(DialError { certificate, ..DialError::new(address, format!("TLS as {shown}: {e}")) })
        }
    }
}

/// A name may have several IP addresses, of which some lead nowhere: they too are tried a little apart.
async fn connect(address: &str) -> io::Result<TcpStream> {
    let mut attempts: FuturesUnordered<_> = (0u32..)
        .zip(tokio::net::lookup_host(address).await?)
        .map(|(n, ip)| async move {
            head_start(n).await;
            TcpStream::connect(ip).await
        })
        .collect();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    while let Some(outcome) = attempts.next().await {
        match outcome {
            Ok(tcp) => return Ok(tcp),
            Err(e) => failed = e,
        }
    }
    Err(failed)
}

fn shown(name: &ServerName<'_>) -> String {
    name.to_str().into_owned()
}

/// The host of `host:port`; brackets of an IPv6 address removed.
fn host_of(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

fn request(target: &Target, address: &str, options: &DialOptions) -> Result<Request<()>, String> {
    let scheme = if target.tls == crate::Tls::Plain { "ws" } else { "wss" };
    let url = format!("{scheme}://{address}{}", target.path);
    let mut request = url.into_client_request().map_err(|e| format!("bad path {:?}: {e}", target.path))?;
    for (name, value) in &options.headers {
        request.headers_mut().append(name.clone(), value.clone());
    }
    Ok(request)
}
