//! The identity provider: found by discovery, asked with deadlines, never believed without a signature.
//!
//! Nothing here runs at start: the provider is looked up when the first login needs it, so that a broker starts, and
//! serves those who have tokens, while the provider is down.

mod client_credentials;
mod code_flow;
mod device_flow;
mod error;
mod federation;
mod id_token;
mod provider;
mod refresh;
mod supplement;
mod token_endpoint;

#[cfg(test)]
mod tests;

pub use client_credentials::VerifiedClients;
pub use code_flow::BrowserLogin;
pub use device_flow::DeviceLogin;
pub use error::OidcError;
pub use federation::Federation;
pub use id_token::LoggedIn;
pub use refresh::{Refreshed, Vouching};

use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use self::provider::Provider;
use self::token_endpoint::{TokenEndpoint, Tokens};
use super::Identity;
use crate::clock::Clock;
use crate::config::OauthSettings;
use crate::error::{Error, Result};
use crate::http_client::http_client;

/// Everything the broker asks of the identity provider.
#[derive(Debug)]
pub struct Oidc {
    settings: Arc<OauthSettings>,
    provider: Provider,
    endpoint: TokenEndpoint,
    clients: VerifiedClients,
    clock: Arc<dyn Clock>,
}

impl Oidc {
    /// Sets up the HTTP client; asks nobody yet.
    pub fn new(settings: Arc<OauthSettings>, clock: Arc<dyn Clock>) -> Result<Self> {
        let http = http_client(settings.ca_cert.as_deref(), settings.timeout).map_err(Error::internal)?;
        Ok(Self {
            provider: Provider::new(http.clone(), &settings.issuer_url, Arc::clone(&clock)),
            endpoint: TokenEndpoint::new(http, settings.auth_style),
            clients: VerifiedClients::new(settings.credentials_cache, Arc::clone(&clock)),
            settings,
            clock,
        })
    }

    /// Whether the provider can be found: for the readiness report, not for start.
    pub async fn ready(&self) -> Result<()> {
        self.provider.metadata().await?;
        Ok(())
    }

    /// Begins a device flow: what to show to the user, and what to wait with.
    pub async fn start_device_login(&self) -> Result<DeviceLogin> {
        let metadata = self.provider.metadata().await?;
        Ok(device_flow::start(&self.endpoint, &metadata, &self.settings).await?)
    }

    /// Waits until the user has agreed, refused, or let the code expire. Dropping the future ends the wait.
    pub async fn finish_device_login(&self, login: &DeviceLogin) -> Result<LoggedIn> {
        let metadata = self.provider.metadata().await?;
        let tokens = device_flow::wait(&self.endpoint, &metadata, &self.settings, login).await?;
        self.identify(&tokens, None).await
    }

    /// Begins a browser's login: where to send it, and what to remember until it comes back to `redirect_uri`.
    pub async fn start_browser_login(&self, redirect_uri: &str) -> Result<(Url, BrowserLogin)> {
        let metadata = self.provider.metadata().await?;
        Ok(code_flow::start(&metadata, &self.settings, redirect_uri)?)
    }

    /// Who the browser has logged in as that came back with this code, and what to ask the provider with later whether
    /// that is still so. The caller has compared the state.
    pub async fn finish_browser_login(
        &self,
        redirect_uri: &str,
        login: &BrowserLogin,
        code: &SecretString,
    ) -> Result<(LoggedIn, Option<Vouching>)> {
        let metadata = self.provider.metadata().await?;
        let tokens = code_flow::finish(&self.endpoint, &metadata, &self.settings, redirect_uri, login, code).await?;
        let told = self.identify(&tokens, Some(&login.nonce)).await?;
        let vouching = tokens.refresh_token.as_ref().map(|token| Vouching::new(token, &told));
        Ok((told, vouching))
    }

    /// Who the provider's answer speaks of: what the id token leaves out is looked for elsewhere.
    async fn identify(&self, tokens: &Tokens, nonce: Option<&str>) -> Result<LoggedIn> {
        let id_token = tokens.id_token.as_ref().ok_or(OidcError::NoIdToken)?;
        let mut claims = id_token::verify(&self.provider, &self.settings, self.clock.now(), id_token, nonce).await?;
        supplement::supplement(&self.provider, &self.settings, &mut claims, tokens.access_token.as_ref()).await?;
        id_token::logged_in(&claims, &self.settings)
    }

    /// Who an id token speaks of; with a nonce, only if it carries that one.
    pub async fn verify_id_token(&self, id_token: &SecretString, nonce: Option<&str>) -> Result<LoggedIn> {
        let claims = id_token::verify(&self.provider, &self.settings, self.clock.now(), id_token, nonce).await?;
        id_token::logged_in(&claims, &self.settings)
    }

    /// Proves a service account by its client id and secret.
    pub async fn client_credentials(&self, client_id: &str, secret: &SecretString) -> Result<Identity> {
        self.clients.verify(&self.provider, &self.endpoint, &self.settings.scopes, client_id, secret).await
    }

    /// Forgets that this service account, or anybody, was verified: the provider is asked next time.
    pub async fn forget_client(&self, name: Option<&str>) {
        self.clients.forget(name).await;
    }
}
