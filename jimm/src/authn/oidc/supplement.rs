//! Claims that the id token leaves out. Providers that keep to the standard put only the subject there and tell the rest at
//! the userinfo end point; some put groups into the access token alone.

use secrecy::{ExposeSecret, SecretString};

use super::error::OidcError;
use super::id_token::{self, Claims};
use super::provider::Provider;
use crate::config::OauthSettings;
use crate::error::Result;

/// Adds what is missing for a name and for groups. What the id token says stays.
pub(super) async fn supplement(
    provider: &Provider,
    settings: &OauthSettings,
    claims: &mut Claims,
    access_token: Option<&SecretString>,
) -> Result<()> {
    let Some(access_token) = access_token else { return Ok(()) };
    let groups = settings.groups_claim.as_deref();
    let lacks_groups = |claims: &Claims| groups.is_some_and(|groups| !claims.contains_key(groups));
    if lacks_groups(claims)
        && let Some(groups) = groups
        && let Ok(told) = id_token::signed_by(provider, access_token.expose_secret()).await
        && told.get("sub") == claims.get("sub")
        && let Some(value) = told.get(groups)
    {
        claims.insert(groups.to_owned(), value.clone());
    }
    let lacks_name = !claims.contains_key(&settings.identity_claim);
    if !lacks_name && !lacks_groups(claims) {
        return Ok(());
    }
    let told = match provider.userinfo(access_token).await {
        // OpenID Connect 5.3.2: what is said of somebody else is not believed.
        Ok(told) if told.get("sub").is_some() && told.get("sub") == claims.get("sub") => told,
        Ok(_) => {
            tracing::warn!("the identity provider's information on a user is about somebody else, and passed over");
            return Ok(());
        }
        // Without a name nobody is let in, as the next check says.
        Err(OidcError::NotOffered(_)) => return Ok(()),
        Err(error) if lacks_name => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = %error, "the identity provider tells no groups of a user");
            return Ok(());
        }
    };
    // An address and whether it is verified have to come from one hand.
    let of_name: &[&str] = if lacks_name { &[&settings.identity_claim, "email_verified", "name"] } else { &[] };
    for name in of_name.iter().copied().chain(groups.filter(|_| lacks_groups(claims))) {
        if let Some(value) = told.get(name) {
            claims.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}
