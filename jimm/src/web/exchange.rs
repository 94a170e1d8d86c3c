//! `POST /oauth/token`: token exchange (RFC 8693), for CI jobs that have a token of their CI's and no secret of ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use jimm_proto::names::UserName;
use jimm_store::audit::Class;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::refusal::refused;
use crate::clock::until;
use crate::error::{Error, Kind, Result};
use crate::session::notes::{self, HttpCall};
use crate::session::record::Outcome;
use crate::session::{Peer, Services, login};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// What a token may call itself: they are the same here.
const SUBJECT_TYPES: [&str; 3] =
    ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token", ACCESS_TOKEN];
/// Longer requests are not read.
const LONGEST: usize = 128 << 10;

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    issued_token_type: &'static str,
    /// It is a password of basic authentication and a parameter of a login, no bearer token.
    token_type: &'static str,
    expires_in: u64,
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// Serves a request.
pub(super) async fn serve(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if request.method() != Method::POST {
        return refused(address, &request, StatusCode::METHOD_NOT_ALLOWED, "tokens are exchanged by POST\n");
    }
    let Ok(body) = axum::body::to_bytes(request.into_body(), LONGEST).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the request is too long or was cut off");
    };
    let token = match read(&body) {
        Ok(token) => token,
        Err((error, description)) => return refusal(StatusCode::BAD_REQUEST, error, description),
    };
    let began = Instant::now();
    let result = match notes::room(&services).await {
        Ok(()) => exchange(&services, &token, address).await,
        Err(error) => Err(error),
    };
    let call = HttpCall {
        peer: &Peer::new(address),
        who: result.as_ref().ok().map(|(_, name)| (name.as_str(), login::EXCHANGED)),
        class: Class::Login,
        name: "exchange-token",
        object: "",
        model: None,
        params: None,
        elapsed: began.elapsed(),
    };
    notes::http(&services, &call, Outcome::of(&result));
    match result {
        Ok((answer, _)) => answer,
        Err(error) => {
            tracing::info!(client.address = %address, error = %error, "token not exchanged");
            match error.kind() {
                Kind::Internal => refusal(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", error.message()),
                _ => refusal(StatusCode::BAD_REQUEST, "invalid_request", error.message()),
            }
        }
    }
}

async fn exchange(services: &Services, token: &SecretString, address: SocketAddr) -> Result<(Response, UserName)> {
    let limit = services.settings.limits.request_timeout;
    let (token, expires, account) = tokio::time::timeout(limit, login::exchanged(services, token, address))
        .await
        .map_err(|error| Error::internal(error).with_source("the issuer's keys were not had in time"))??;
    let answer = Answer {
        access_token: token.expose_secret(),
        issued_token_type: ACCESS_TOKEN,
        token_type: "N_A",
        expires_in: until(services.broker.clock.now(), expires).as_secs(),
    };
    Ok((not_stored(Json(answer).into_response()), account))
}

/// The token that is to be exchanged, or the error of OAuth and its description.
fn read(body: &[u8]) -> Result<SecretString, (&'static str, &'static str)> {
    let (mut grant, mut token, mut kind, mut wanted) = (None, None, None, None);
    for (name, value) in url::form_urlencoded::parse(body) {
        let member = match &*name {
            "grant_type" => &mut grant,
            "subject_token" => &mut token,
            "subject_token_type" => &mut kind,
            "requested_token_type" => &mut wanted,
            "actor_token" => return Err(("invalid_request", "actor_token is not supported")),
            _ => continue,
        };
        if member.replace(value).is_some() {
            return Err(("invalid_request", "a parameter is given twice"));
        }
    }
    if grant.as_deref() != Some(GRANT) {
        let what = "grant_type has to be urn:ietf:params:oauth:grant-type:token-exchange";
        return Err(("unsupported_grant_type", what));
    }
    if !kind.is_some_and(|kind| SUBJECT_TYPES.contains(&&*kind)) {
        return Err(("invalid_request", "subject_token_type has to be urn:ietf:params:oauth:token-type:jwt"));
    }
    if wanted.is_some_and(|wanted| *wanted != *ACCESS_TOKEN) {
        return Err(("invalid_request", "only access tokens are issued: leave requested_token_type out"));
    }
    match token {
        Some(token) if !token.is_empty() => Ok(SecretString::from(token.into_owned())),
        _ => Err(("invalid_request", "subject_token is missing")),
    }
}

fn refusal(status: StatusCode, error: &'static str, description: &str) -> Response {
    not_stored((status, Json(Refusal { error, error_description: description })).into_response())
}

fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=a.b.c&\
        subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt";

    #[test]
    fn a_request_is_read_and_mistakes_are_named() {
        assert_eq!(read(GOOD.as_bytes()).expect("good").expose_secret(), "a.b.c");
        for (body, error) in [
            (String::new(), "unsupported_grant_type"),
            (GOOD.replace("token-exchange", "password"), "unsupported_grant_type"),
            (GOOD.replace("a.b.c", ""), "invalid_request"),
            (GOOD.replace("Ajwt", "Asaml2"), "invalid_request"),
            (format!("{GOOD}&subject_token=d.e.f"), "invalid_request"),
            (format!("{GOOD}&actor_token=x"), "invalid_request"),
            (format!("{GOOD}&requested_token_type=urn:ietf:params:oauth:token-type:saml2"), "invalid_request"),
        ] {
            assert_eq!(read(body.as_bytes()).map_err(|(error, _)| error).expect_err("refused"), error, "{body}");
        }
    }
}
