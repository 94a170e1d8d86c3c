//! Logging in without a secret: a CI's token, exchanged at the broker for one of its own (RFC 8693).

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use jimm_rpc::Target;
use serde::Deserialize;

use crate::error::{Failure, Result};
use crate::settings::Settings;

/// What to do when it does not work.
pub(crate) const HINT: &str =
    "the token comes from JIMM_ID_TOKEN or JIMM_ID_TOKEN_FILE; unset them to log in as yourself";
/// Longer tokens and answers are none.
const LONGEST: u64 = 64 << 10;

#[derive(Deserialize)]
struct Answer {
    access_token: String,
}

#[derive(Deserialize)]
struct Refusal {
    error_description: String,
}

/// The token of the environment, if there is one.
pub(crate) fn id_token(settings: &Settings) -> Result<Option<String>> {
    if let Some(token) = &settings.id_token {
        return Ok(Some(token.trim().to_owned()));
    }
    let Some(path) = &settings.id_token_file else { return Ok(None) };
    let failed =
        |what: String| Failure::failed(format!("cannot read the token in {}: {what}", path.display())).with_hint(HINT);
    let length = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if length > LONGEST {
        return Err(failed("it is too long for a token".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    if text.trim().is_empty() {
        return Err(failed("it is empty".to_owned()));
    }
    Ok(Some(text.trim().to_owned()))
}

/// The session token that the broker gives for a token.
pub(crate) async fn exchange(target: &Target, id_token: &str, timeout: Duration) -> Result<String> {
    let failed =
        |what: &str| Failure::failed(format!("cannot exchange the token at the broker: {what}")).with_hint(HINT);
    // What is no JWT could be anything; only what needs no encoding is sent.
    if !id_token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(failed("it is not a signed JWT"));
    }
    let work = async {
        let stream = jimm_rpc::connect_stream(target, timeout).await.map_err(|e| Failure::no_connection(target, &e))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e.to_string()))?;
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token={id_token}"
        );
        let request = Request::post("/oauth/token")
            .header(header::HOST, target.addresses.first().map_or("", String::as_str))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))
            .map_err(|e| failed(&e.to_string()))?;
        let asked = async {
            let answer = sender.send_request(request).await.map_err(|e| failed(&e.to_string()))?;
            let status = answer.status();
            let limit = usize::try_from(LONGEST).unwrap_or(usize::MAX);
            let body = Limited::new(answer.into_body(), limit).collect().await.map_err(|e| failed(&e.to_string()))?;
            Ok::<_, Failure>((status, body.to_bytes()))
        };
        let (answered, _) = tokio::join!(asked, connection);
        answered
    };
    let (status, body) =
        tokio::time::timeout(timeout, work).await.map_err(|_| failed("it does not answer in time"))??;
    match status {
        StatusCode::OK => {
            let answer: Answer = serde_json::from_slice(&body).map_err(|_| failed("its answer is not understood"))?;
            Ok(answer.access_token)
        }
        StatusCode::NOT_FOUND => Err(failed("it does not exchange tokens")),
        status => match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => Err(Failure::failed(refusal.error_description).with_hint(HINT)),
            Err(_) => Err(failed(&format!("it answers {status}"))),
        },
    }
}
