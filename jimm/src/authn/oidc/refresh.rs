//! Whether the provider still vouches for somebody who has logged in before: asked with a refresh token (RFC 6749 6).

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::device_flow::ourselves;
use super::error::OidcError;
use super::id_token::LoggedIn;
use super::token_endpoint::Tokens;
use super::{Oidc, supplement};
use crate::error::{Kind, Result};

/// What the provider is asked with, and what it said last. It is secret: seal it where it is kept.
#[derive(Clone, Deserialize, Serialize)]
pub struct Vouching {
    refresh_token: String,
    subject: String,
    name: String,
    /// Nothing when the provider told none.
    groups: Option<Vec<String>>,
}

/// What the provider says.
#[derive(Debug)]
pub enum Refreshed {
    /// It is so still; ask with this next time.
    Still(Vouching),
    /// It is so no longer, for this reason.
    Gone(String),
}

impl std::fmt::Debug for Vouching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vouching").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Vouching {
    pub(super) fn new(refresh_token: &SecretString, told: &LoggedIn) -> Self {
        Self {
            refresh_token: refresh_token.expose_secret().to_owned(),
            subject: told.subject.clone(),
            name: told.identity.name.to_string(),
            groups: told.groups_told.then(|| sorted(&told.identity.groups)),
        }
    }

    /// Why this is somebody else than before.
    fn differs(&self, told: &LoggedIn) -> Option<&'static str> {
        let groups = told.groups_told.then(|| sorted(&told.identity.groups));
        match &self.groups {
            _ if self.subject != told.subject => Some("the identity provider speaks of somebody else now"),
            _ if self.name != told.identity.name.as_str() => Some("the identity provider has another name now"),
            Some(before) if groups.as_ref().is_some_and(|groups| groups != before) => {
                Some("the identity provider tells other groups now")
            }
            _ => None,
        }
    }
}

impl Oidc {
    /// Asks whether this is so still. An error is no answer: the provider could not be asked.
    pub async fn refresh(&self, before: &Vouching) -> Result<Refreshed> {
        let metadata = self.provider.metadata().await?;
        let form = [("grant_type", "refresh_token"), ("refresh_token", before.refresh_token.as_str())];
        let (url, client) = (&metadata.token_endpoint, ourselves(&self.settings));
        let tokens = match self.endpoint.post::<Tokens>(&metadata, url, client, &form).await {
            Ok(tokens) => tokens,
            // That is about the broker, and an operator's to mend.
            Err(error @ OidcError::Refused { .. }) if !is_about_the_user(&error) => return Err(error.into()),
            Err(error @ OidcError::Refused { .. }) => return Ok(Refreshed::Gone(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let mut after = before.clone();
        // Who gives no new one means that the old one stays good.
        if let Some(token) = &tokens.refresh_token {
            token.expose_secret().clone_into(&mut after.refresh_token);
        }
        let Some(id_token) = &tokens.id_token else { return Ok(Refreshed::Still(after)) };
        let now = self.clock.now();
        let told = async {
            let mut claims = super::id_token::verify(&self.provider, &self.settings, now, id_token, None).await?;
            supplement::supplement(&self.provider, &self.settings, &mut claims, tokens.access_token.as_ref()).await?;
            super::id_token::logged_in(&claims, &self.settings)
        };
        match told.await {
            Ok(told) => {
                Ok(before.differs(&told).map_or(Refreshed::Still(after), |why| Refreshed::Gone(why.to_owned())))
            }
            Err(error) if error.kind() == Kind::Unauthorized => Ok(Refreshed::Gone(error.message().to_owned())),
            // The old refresh token may be used up: what was given must not be lost.
            Err(error) => {
                tracing::warn!(error = %error, user = before.name, "what the identity provider says now cannot be verified");
                Ok(Refreshed::Still(after))
            }
        }
    }
}

fn is_about_the_user(error: &OidcError) -> bool {
    let ours = ["invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request", "invalid_scope"];
    matches!(error, OidcError::Refused { code, .. } if !ours.contains(&code.as_str()) && code != "slow_down" && code != "temporarily_unavailable")
}

fn sorted(groups: &[String]) -> Vec<String> {
    let mut groups = groups.to_vec();
    groups.sort();
    groups
}
