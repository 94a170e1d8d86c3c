//! Requests in the name of an OAuth client: how it proves itself, and how refusals look.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::error::OidcError;
use super::provider::{Metadata, read};
use crate::config::AuthStyle;

/// What a token end point gives.
#[derive(Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub(super) access_token: Option<SecretString>,
    #[serde(default)]
    pub(super) id_token: Option<SecretString>,
    #[serde(default)]
    pub(super) refresh_token: Option<SecretString>,
    #[serde(default)]
    pub(super) expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// An OAuth client that asks: the broker itself, or a service account.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a SecretString,
}

#[derive(Debug)]
pub(super) struct TokenEndpoint {
    http: reqwest::Client,
    style: AuthStyle,
}

impl TokenEndpoint {
    pub(super) fn new(http: reqwest::Client, style: AuthStyle) -> Self {
        Self { http, style }
    }

    /// Posts a form in the client's name.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        metadata: &Metadata,
        url: &str,
        client: Client<'_>,
        form: &[(&str, &str)],
    ) -> Result<T, OidcError> {
        let mut pairs = form.to_vec();
        let mut request = self.http.post(url).header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let secret = client.secret.expose_secret();
        if secret.is_empty() || !self.in_header(metadata) {
            pairs.push(("client_id", client.id));
            if !secret.is_empty() {
                pairs.push(("client_secret", secret));
            }
        } else {
            request = request.header(AUTHORIZATION, basic(client.id, secret));
        }
        let (status, answer) = read(request.body(encoded(&pairs)), url).await?;
        if status.is_success() {
            return serde_json::from_slice(&answer)
                .map_err(|error| OidcError::Malformed { url: url.to_owned(), what: format!("line {}", error.line()) });
        }
        Err(match serde_json::from_slice::<Refusal>(&answer) {
            Ok(refusal) if status.is_client_error() => {
                OidcError::Refused { code: refusal.error, description: refusal.error_description }
            }
            _ => OidcError::Status { url: url.to_owned(), status: status.as_u16() },
        })
    }

    fn in_header(&self, metadata: &Metadata) -> bool {
        match self.style {
            AuthStyle::Header => true,
            AuthStyle::Body => false,
            // The standard's default, when a provider announces nothing, is the header.
            AuthStyle::Auto => metadata
                .token_endpoint_auth_methods_supported
                .as_ref()
                .is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
        }
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `Basic`, each half form-encoded first as RFC 6749 2.3.1 wants it.
fn basic(id: &str, secret: &str) -> http::HeaderValue {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    let mut value =
        http::HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).expect("base64 is a header value");
    value.set_sensitive(true);
    value
}
