//! The connection: TLS, the key, deadlines, and what a failed call is called.

use std::time::{Duration, Instant};

use openfga_client::client::OpenFgaServiceClient;
use openfga_client::tonic::metadata::{Ascii, MetadataValue};
use openfga_client::tonic::service::Interceptor;
use openfga_client::tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use openfga_client::tonic::{Code, Request, Response, Status};
use secrecy::ExposeSecret as _;

use super::{Client, OpenFga, OpenFgaSettings};
use crate::authorizer::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the server may be silent before it is asked whether it is there, and how long it may take to say so.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));
/// Largest answer: a relation with very many direct subjects comes in one piece.
const LARGEST: usize = 64 << 20;

/// Sends the pre-shared key along.
#[derive(Clone)]
pub(super) struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> std::result::Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// A client that connects when it is used first, and again whenever that is needed.
pub(super) fn client(settings: &OpenFgaSettings) -> Result<Client> {
    let wrong = |what: &str| Error::OpenFgaSettings(what.to_owned());
    let scheme = if settings.tls { "https" } else { "http" };
    let host = if settings.host.contains(':') { format!("[{}]", settings.host) } else { settings.host.clone() };
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{host}:{}", settings.port))
        .map_err(|_| wrong("OPENFGA_HOST is no host name"))?
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .keep_alive_timeout(KEEP_ALIVE.1)
        .user_agent(concat!("jimm/", env!("CARGO_PKG_VERSION")))
        .map_err(|_| wrong("the user agent is not one"))?;
    if settings.tls {
        let mut tls = ClientTlsConfig::new().with_native_roots();
        if let Some(path) = &settings.ca_cert {
            let pem = std::fs::read(path).map_err(|_| wrong("OPENFGA_CA_CERT_PATH cannot be read"))?;
            tls = tls.ca_certificate(Certificate::from_pem(pem));
        }
        endpoint = endpoint.tls_config(tls).map_err(|_| wrong("TLS cannot be set up"))?;
    }
    let token = settings.token.as_ref().map(|token| format!("Bearer {}", token.expose_secret()));
    let mut token: Option<MetadataValue<Ascii>> =
        token.map(|text| text.parse()).transpose().map_err(|_| wrong("OPENFGA_TOKEN cannot be sent"))?;
    if let Some(value) = &mut token {
        value.set_sensitive(true);
    }
    let client = OpenFgaServiceClient::with_interceptor(endpoint.connect_lazy(), Bearer(token));
    Ok(client.max_decoding_message_size(LARGEST))
}

impl OpenFga {
    /// Makes a call with a deadline, which the server is told, once more when the connection had gone.
    pub(super) async fn call<T, A>(
        &self,
        name: &'static str,
        patience: Duration,
        message: T,
        ask: impl AsyncFn(Client, Request<T>) -> std::result::Result<Response<A>, Status>,
    ) -> Result<A>
    where
        T: Clone,
    {
        let began = Instant::now();
        let mut answer = Err(Status::deadline_exceeded("not asked"));
        for _ in 0..2 {
            let left = patience.saturating_sub(began.elapsed());
            let mut request = Request::new(message.clone());
            request.set_timeout(left);
            answer = match tokio::time::timeout(left, ask(self.client.clone(), request)).await {
                Ok(answer) => answer,
                Err(_) => Err(Status::deadline_exceeded(format!("no answer within {patience:?}"))),
            };
            // A connection that was closed while it lay idle says so only when it is used.
            if !matches!(&answer, Err(status) if status.code() == Code::Unavailable || is_broken(status)) {
                break;
            }
        }
        (self.observer)(name, began.elapsed(), answer.is_ok());
        answer.map(Response::into_inner).map_err(|status| failed(name, status))
    }
}

/// Whether the connection ended while the server was asked: what a server says itself has no further cause.
fn is_broken(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}

/// Whether the server could not be asked, or would not answer.
pub(super) fn failed(call: &'static str, status: Status) -> Error {
    match status.code() {
        _ if is_broken(&status) => Error::OpenFgaDown { call, source: Box::new(status) },
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
            Error::OpenFgaDown { call, source: Box::new(status) }
        }
        _ => Error::OpenFgaRefused { call, source: Box::new(status) },
    }
}
