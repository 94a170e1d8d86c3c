//! The provider's metadata and keys: fetched when needed, shared between waiters, kept for a while, the last good copy
//! used when a later fetch fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::OidcError;
use crate::clock::{Clock, delta};

/// How long a discovery document is believed.
const METADATA_LIFE: Duration = Duration::from_secs(3600);
/// How long a key set is believed; a key taken out of it is refused after this.
const KEYS_LIFE: Duration = Duration::from_secs(3600);
/// How often an unknown key may make us fetch the set again.
const KEYS_PAUSE: Duration = Duration::from_secs(5);
/// Larger answers are not read.
const MAX_ANSWER: usize = 1 << 20;

/// What discovery tells.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) authorization_endpoint: Option<String>,
    #[serde(default)]
    pub(super) device_authorization_endpoint: Option<String>,
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A key set, by key id; keys without an id lie under the empty one.
#[derive(Debug)]
pub(super) struct Keys {
    by_id: HashMap<String, Vec<Jwk>>,
    fetched: DateTime<Utc>,
}

impl Keys {
    /// The keys a token with this id may be signed with.
    pub(super) fn candidates(&self, kid: Option<&str>) -> Vec<&Jwk> {
        match kid {
            Some(kid) => self.by_id.get(kid).into_iter().flatten().collect(),
            None => self.by_id.values().flatten().collect(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Provider {
    http: reqwest::Client,
    issuer: String,
    clock: Arc<dyn Clock>,
    metadata: Cache<(), Arc<Metadata>>,
    last_metadata: ArcSwapOption<Metadata>,
    keys: ArcSwapOption<Keys>,
    /// Only makes several fetches of the keys at once into one.
    fetching_keys: Cache<(), Arc<Keys>>,
}

impl Provider {
    pub(super) fn new(http: reqwest::Client, issuer: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            http,
            issuer: issuer.to_owned(),
            clock,
            metadata: Cache::builder().max_capacity(1).time_to_live(METADATA_LIFE).build(),
            last_metadata: ArcSwapOption::empty(),
            keys: ArcSwapOption::empty(),
            fetching_keys: Cache::builder().max_capacity(1).build(),
        }
    }

    /// The metadata, found if it is not known.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, Arc<OidcError>> {
        match self.metadata.try_get_with((), self.discover()).await {
            Ok(metadata) => {
                self.last_metadata.store(Some(Arc::clone(&metadata)));
                Ok(metadata)
            }
            Err(error) => self.last_metadata.load_full().ok_or(error),
        }
    }

    async fn discover(&self) -> Result<Arc<Metadata>, OidcError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = get_json(&self.http, &url).await?;
        if metadata.issuer.trim_end_matches('/') != self.issuer.trim_end_matches('/') {
            return Err(OidcError::WrongIssuer { expected: self.issuer.clone(), found: metadata.issuer });
        }
        tracing::info!(issuer = metadata.issuer, "identity provider found");
        Ok(Arc::new(metadata))
    }

    /// Keys that may have signed a token with this id: known ones, or the set is fetched again.
    pub(super) async fn keys_for(&self, kid: Option<&str>) -> Result<Arc<Keys>, Arc<OidcError>> {
        let now = self.clock.now();
        let known = self.keys.load_full();
        if let Some(keys) = &known {
            let age = now - keys.fetched;
            let useful = !keys.candidates(kid).is_empty();
            if (useful && age < delta(KEYS_LIFE)) || (!useful && age < delta(KEYS_PAUSE)) {
                return Ok(Arc::clone(keys));
            }
        }
        match self.fetching_keys.try_get_with((), self.fetch_keys()).await {
            Ok(keys) => {
                self.fetching_keys.invalidate(&()).await;
                self.keys.store(Some(Arc::clone(&keys)));
                Ok(keys)
            }
            Err(error) => known.ok_or(error),
        }
    }

    /// What the provider tells about the one to whom it gave this access token.
    pub(super) async fn userinfo(&self, access_token: &SecretString) -> Result<Map<String, Value>, OidcError> {
        let metadata = self.metadata().await.map_err(|error| self.malformed(&error))?;
        let url = metadata.userinfo_endpoint.as_deref().ok_or(OidcError::NotOffered("information on users"))?;
        let (status, body) = read(self.http.get(url).bearer_auth(access_token.expose_secret()), url).await?;
        understood(url, status, &body)
    }

    fn malformed(&self, error: &OidcError) -> OidcError {
        OidcError::Malformed { url: self.issuer.clone(), what: error.to_string() }
    }

    async fn fetch_keys(&self) -> Result<Arc<Keys>, OidcError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let metadata = self.metadata().await.map_err(|error| self.malformed(&error))?;
        let set: Set = get_json(&self.http, &metadata.jwks_uri).await?;
        let mut by_id: HashMap<String, Vec<Jwk>> = HashMap::new();
        // Keys of kinds we do not know are no mistake of the provider.
        for jwk in set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()) {
            by_id.entry(jwk.common.key_id.clone().unwrap_or_default()).or_default().push(jwk);
        }
        Ok(Arc::new(Keys { by_id, fetched: self.clock.now() }))
    }
}

async fn get_json<T: DeserializeOwned>(http: &reqwest::Client, url: &str) -> Result<T, OidcError> {
    let (status, body) = read(http.get(url), url).await?;
    understood(url, status, &body)
}

fn understood<T: DeserializeOwned>(url: &str, status: reqwest::StatusCode, body: &[u8]) -> Result<T, OidcError> {
    if !status.is_success() {
        return Err(OidcError::Status { url: url.to_owned(), status: status.as_u16() });
    }
    serde_json::from_slice(body)
        .map_err(|error| OidcError::Malformed { url: url.to_owned(), what: format!("line {}", error.line()) })
}

/// Sends a request and reads a bounded answer.
pub(super) async fn read(
    request: reqwest::RequestBuilder,
    url: &str,
) -> Result<(reqwest::StatusCode, Vec<u8>), OidcError> {
    let unreachable =
        |error: reqwest::Error| OidcError::Unreachable { url: url.to_owned(), source: error.without_url() };
    let request = request.header(http::header::ACCEPT, "application/json");
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(OidcError::Malformed { url: url.to_owned(), what: "larger than 1 MiB".into() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}
