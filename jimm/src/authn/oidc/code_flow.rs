//! The authorization code flow of browsers (RFC 6749 4.1) with PKCE (RFC 7636), state and nonce.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::device_flow::ourselves;
use super::error::OidcError;
use super::provider::Metadata;
use super::token_endpoint::{TokenEndpoint, Tokens};
use crate::clock::random_bytes;
use crate::config::OauthSettings;

/// What has to be remembered until the browser comes back. It is secret: seal it where it is kept.
#[derive(Clone, Deserialize, Serialize)]
pub struct BrowserLogin {
    /// What the browser has to bring back.
    pub state: String,
    /// What the id token has to carry.
    pub(super) nonce: String,
    verifier: String,
}

impl std::fmt::Debug for BrowserLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserLogin").finish_non_exhaustive()
    }
}

/// Where to send the browser, and what to remember.
pub(super) fn start(
    metadata: &Metadata,
    settings: &OauthSettings,
    redirect_uri: &str,
) -> Result<(Url, BrowserLogin), OidcError> {
    let endpoint = metadata.authorization_endpoint.as_deref().ok_or(OidcError::NotOffered("logins of browsers"))?;
    let malformed = |_| OidcError::Malformed { url: endpoint.to_owned(), what: "it is not a URL".to_owned() };
    let mut url = Url::parse(endpoint).map_err(malformed)?;
    let [state, nonce, verifier] = std::array::from_fn(|_| URL_SAFE_NO_PAD.encode(random_bytes::<32>()));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &settings.scopes.join(" "))
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    // OpenID Connect 11: what is to work while nobody is there has to be agreed to.
    if settings.scopes.iter().any(|scope| scope == "offline_access") {
        url.query_pairs_mut().append_pair("prompt", "consent");
    }
    Ok((url, BrowserLogin { state, nonce, verifier }))
}

/// The tokens for the code that the browser brought.
pub(super) async fn finish(
    endpoint: &TokenEndpoint,
    metadata: &Metadata,
    settings: &OauthSettings,
    redirect_uri: &str,
    login: &BrowserLogin,
    code: &SecretString,
) -> Result<Tokens, OidcError> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.expose_secret()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", &login.verifier),
    ];
    endpoint.post(metadata, &metadata.token_endpoint, ourselves(settings), &form).await
}
