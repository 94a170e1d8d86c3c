//! The device flow (RFC 8628): a code for the user, then patient asking.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::OidcError;
use super::provider::Metadata;
use super::token_endpoint::{Client, TokenEndpoint, Tokens};
use crate::config::OauthSettings;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The standard's pause when the provider names none, and what `slow_down` adds.
const PAUSE: Duration = Duration::from_secs(5);
/// The least pause, whatever the provider says.
const LEAST_PAUSE: Duration = Duration::from_millis(200);
/// The longest life of a code, whatever the provider says.
const LONGEST_LIFE: Duration = Duration::from_secs(1800);

/// A login that has begun.
#[derive(Debug)]
pub struct DeviceLogin {
    /// What the user types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    device_code: SecretString,
    pause: Duration,
    /// What `slow_down` adds.
    pub(super) slower_by: Duration,
    deadline: Instant,
}

#[derive(Deserialize)]
struct Answer {
    device_code: SecretString,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    interval: Option<u64>,
}

pub(super) async fn start(
    endpoint: &TokenEndpoint,
    metadata: &Metadata,
    settings: &OauthSettings,
) -> Result<DeviceLogin, OidcError> {
    let url = metadata.device_authorization_endpoint.as_deref().ok_or(OidcError::NotOffered("the device flow"))?;
    let scope = settings.scopes.join(" ");
    let answer: Answer = endpoint.post(metadata, url, ourselves(settings), &[("scope", &scope)]).await?;
    let life = answer.expires_in.map_or(LONGEST_LIFE, Duration::from_secs).min(LONGEST_LIFE);
    Ok(DeviceLogin {
        user_code: answer.user_code,
        verification_uri: answer.verification_uri,
        device_code: answer.device_code,
        pause: answer.interval.map_or(PAUSE, Duration::from_secs).max(LEAST_PAUSE),
        slower_by: PAUSE,
        deadline: Instant::now() + life,
    })
}

/// Asks at the provider's pace until there are tokens or an end.
pub(super) async fn wait(
    endpoint: &TokenEndpoint,
    metadata: &Metadata,
    settings: &OauthSettings,
    login: &DeviceLogin,
) -> Result<Tokens, OidcError> {
    let form = [("grant_type", GRANT), ("device_code", login.device_code.expose_secret())];
    let mut pause = login.pause;
    let asking = async {
        loop {
            sleep(pause).await;
            match endpoint.post::<Tokens>(metadata, &metadata.token_endpoint, ourselves(settings), &form).await {
                Ok(tokens) => return Ok(tokens),
                Err(OidcError::Refused { code, description }) => match code.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => pause += login.slower_by,
                    "access_denied" => return Err(OidcError::Denied),
                    "expired_token" => return Err(OidcError::CodeExpired),
                    _ => return Err(OidcError::Refused { code, description }),
                },
                // The provider restarts, the network hiccups: the user's code is still good.
                Err(OidcError::Unreachable { .. } | OidcError::Status { status: 500.. | 429, .. }) => {
                    pause = (pause * 2).min(Duration::from_secs(60));
                }
                Err(error) => return Err(error),
            }
        }
    };
    timeout_at(login.deadline, asking).await.unwrap_or(Err(OidcError::CodeExpired))
}

/// The broker as an OAuth client.
pub(super) fn ourselves(settings: &OauthSettings) -> Client<'_> {
    Client { id: &settings.client_id, secret: &settings.client_secret }
}
