//! Service accounts: a client id and secret that the provider takes is an identity.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use jimm_proto::names::UserName;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::super::Identity;
use super::error::OidcError;
use super::provider::Provider;
use super::token_endpoint::{Client, TokenEndpoint, Tokens};
use crate::clock::{Clock, delta, random_bytes};
use crate::error::{Error, Kind, Result};
use crate::user_names;

/// Verified pairs that are remembered at a time.
const REMEMBERED: u64 = 10_000;

/// Pairs that the provider has taken lately. Refused ones are not remembered: whoever corrects a mistake gets in at once.
#[derive(Debug)]
pub struct VerifiedClients {
    /// By a digest with a salt of this process: no secret lies in memory longer than its request.
    good_until: Cache<[u8; 32], (UserName, DateTime<Utc>)>,
    salt: [u8; 32],
    longest: Duration,
    clock: Arc<dyn Clock>,
}

impl VerifiedClients {
    pub(super) fn new(longest: Duration, clock: Arc<dyn Clock>) -> Self {
        let good_until = Cache::builder().max_capacity(REMEMBERED).time_to_live(longest).build();
        Self { good_until, salt: random_bytes(), longest, clock }
    }

    pub(super) async fn verify(
        &self,
        provider: &Provider,
        endpoint: &TokenEndpoint,
        scopes: &[String],
        client_id: &str,
        secret: &SecretString,
    ) -> Result<Identity> {
        let name = user_names::service_account(client_id)?;
        let invalid = || Error::new(Kind::Unauthorized, "invalid client credentials");
        if client_id.is_empty() || secret.expose_secret().is_empty() {
            return Err(invalid());
        }
        // The provider knows the id without our suffix.
        let client_id = client_id.split_once('@').map_or(client_id, |(id, _)| id);
        let digest = self.digest(client_id, secret);
        let now = self.clock.now();
        if let Some((_, expires)) = self.good_until.get(&digest).await.filter(|(_, until)| now < *until) {
            return Ok(Identity { name, groups: Vec::new(), expires, session: None });
        }
        let tokens = ask(provider, endpoint, scopes, Client { id: client_id, secret }).await.map_err(|error| {
            if matches!(*error, OidcError::Refused { .. } | OidcError::Status { status: 400..=403, .. }) {
                invalid().with_source(error)
            } else {
                Error::from(error)
            }
        })?;
        if tokens.access_token.is_none() {
            return Err(invalid());
        }
        let life = tokens.expires_in.map_or(self.longest, Duration::from_secs).min(self.longest);
        let expires = now + delta(life);
        if !life.is_zero() {
            self.good_until.insert(digest, (name.clone(), expires)).await;
        }
        Ok(Identity { name, groups: Vec::new(), expires, session: None })
    }

    /// Forgets that this account, or anybody, was verified.
    pub(super) async fn forget(&self, name: Option<&str>) {
        let theirs = |of: &UserName| name.is_none_or(|name| of.as_str() == name);
        let keys: Vec<_> = self.good_until.iter().filter(|(_, (of, _))| theirs(of)).map(|(key, _)| *key).collect();
        for key in keys {
            self.good_until.invalidate(&key).await;
        }
    }

    fn digest(&self, client_id: &str, secret: &SecretString) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.salt)
            .chain_update(client_id.len().to_le_bytes())
            .chain_update(client_id)
            .chain_update(secret.expose_secret())
            .finalize()
            .into()
    }
}

async fn ask(
    provider: &Provider,
    endpoint: &TokenEndpoint,
    scopes: &[String],
    client: Client<'_>,
) -> Result<Tokens, Arc<OidcError>> {
    let metadata = provider.metadata().await?;
    let (url, scope) = (&metadata.token_endpoint, scopes.join(" "));
    let grant = ("grant_type", "client_credentials");
    match endpoint.post(&metadata, url, client, &[grant, ("scope", &scope)]).await {
        // Scopes of people, such as `openid`, are not for every service account.
        Err(OidcError::Refused { code, .. }) if code == "invalid_scope" => {
            endpoint.post(&metadata, url, client, &[grant]).await.map_err(Arc::new)
        }
        answer => answer.map_err(Arc::new),
    }
}
