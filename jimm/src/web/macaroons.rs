//! `/macaroons`: the discharger of the macaroon bakery, as controllers ask it about their offers' consumers.
//!
//! Whoever comes here has no credentials. Answers and errors have the shapes of the bakery's HTTP protocol.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use jimm_bakery::{LATEST, read_base64};
use jimm_store::audit::Class;
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::session::asked::{Asked, AskedMethod};
use crate::session::notes::{self, HttpCall};
use crate::session::record::{self, Origin, Outcome};
use crate::session::{Peer, Services};
use crate::telemetry::Endpoint;

/// Longer requests are not read.
const LONGEST: usize = 64 << 10;
/// So much of a condition is told.
const SHOWN: usize = 300;

/// What is to be discharged.
#[derive(Debug, Eq, PartialEq)]
struct Caveat {
    id: Vec<u8>,
    caveat: Option<Vec<u8>>,
}

/// The key that caveats have to be sealed to, as older clients ask for it.
pub(super) async fn public_key(State(services): State<Arc<Services>>) -> Response {
    match services.broker.discharger_key().await {
        Ok(key) => Json(json!({"PublicKey": key.to_string()})).into_response(),
        Err(error) => failure(&error),
    }
}

/// The same, with the version that is spoken.
pub(super) async fn info(State(services): State<Arc<Services>>) -> Response {
    match services.broker.discharger_key().await {
        Ok(key) => Json(json!({"PublicKey": key.to_string(), "Version": LATEST})).into_response(),
        Err(error) => failure(&error),
    }
}

/// Discharges a caveat, or says why not.
pub(super) async fn discharge(
    State(services): State<Arc<Services>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if request.method() != Method::POST {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "caveats are discharged by POST");
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let Ok(body) = axum::body::to_bytes(request.into_body(), LONGEST).await else {
        let text = "the request is too long or was cut off";
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "bad request", text);
    };
    let caveat = match read(query.as_bytes(), &body) {
        Ok(caveat) => caveat,
        Err(error) => return failure(&error),
    };
    let limit = services.settings.limits.request_timeout;
    let answer = tokio::time::timeout(limit, answered(&services, address, &caveat)).await;
    let late = |_| Err(Error::new(Kind::Internal, "the broker did not find out in time: try again in a moment"));
    match answer.unwrap_or_else(late) {
        Ok(macaroon) => not_stored(Json(json!({"Macaroon": macaroon})).into_response()),
        Err(error) => failure(&error),
    }
}

/// Opens the question, answers it, and tells of both.
async fn answered(services: &Services, address: SocketAddr, caveat: &Caveat) -> Result<Value> {
    let began = Instant::now();
    notes::room(services).await?;
    let peer = Peer::new(address);
    let origin = Origin::new(Endpoint::Discharge, peer.clone(), None);
    let asked = Asked {
        request_id: 1,
        object_id: String::new(),
        method: AskedMethod::new(Endpoint::Discharge, "Macaroons", u32::from(LATEST), "Discharge").into(),
    };
    // What is no question is nobody's doing, and would fill the audit log.
    let question = services.broker.open_question(&caveat.id, caveat.caveat.as_deref()).await;
    let params = question.as_ref().ok().map(|it| json!({"condition": shown(it.condition())}).to_string());
    let outcome = match question {
        Ok(question) => services.broker.discharge(&question).await,
        Err(error) => Err(error),
    };
    let outcome = outcome.and_then(|macaroon| macaroon.to_json().map_err(Error::internal));
    let elapsed = began.elapsed();
    if params.is_some() {
        let call = HttpCall {
            peer: &peer,
            who: None,
            class: Class::Login,
            name: "discharge",
            object: "",
            model: None,
            params: params.as_deref(),
            elapsed,
        };
        notes::http(services, &call, Outcome::of(&outcome));
    }
    record::answered(services, &origin, &asked, Outcome::of(&outcome), elapsed);
    outcome
}

/// A condition as logs and the audit may have it: anybody may have sealed anything.
fn shown(condition: &str) -> String {
    condition.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}

/// The caveat of a request: its parameters come in the query or as a form, or both.
fn read(query: &[u8], body: &[u8]) -> Result<Caveat> {
    let (mut id, mut id64, mut caveat64) = (None, None, None);
    for (name, value) in url::form_urlencoded::parse(query).chain(url::form_urlencoded::parse(body)) {
        let member = match &*name {
            "id" => &mut id,
            "id64" => &mut id64,
            "caveat64" => &mut caveat64,
            // Tokens of interactive logins, which there are none of here.
            _ => continue,
        };
        if member.replace(value).is_some() {
            return Err(Error::bad_request("a parameter is given twice"));
        }
    }
    let decoded = |text: &str| read_base64(text).map_err(|_| Error::bad_request("a parameter is not base64"));
    let id = match (id, id64) {
        (Some(_), Some(_)) => return Err(Error::bad_request("there are both id and id64: send one of them")),
        (Some(id), None) => id.into_owned().into_bytes(),
        (None, Some(id)) => decoded(&id)?,
        (None, None) => Vec::new(),
    };
    if id.is_empty() {
        return Err(Error::bad_request("id of the caveat is missing: send id or id64"));
    }
    let caveat = caveat64.filter(|caveat| !caveat.is_empty()).map(|caveat| decoded(&caveat)).transpose()?;
    Ok(Caveat { id, caveat })
}

/// An error in the bakery's words. Nobody is ever asked to log in: who calls is a machine.
fn failure(error: &Error) -> Response {
    let (status, code) = match error.kind() {
        Kind::Unauthorized => (StatusCode::UNAUTHORIZED, "permission denied"),
        Kind::BadRequest => (StatusCode::BAD_REQUEST, "bad request"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "service unavailable"),
    };
    refusal(status, code, error.message())
}

fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body = json!({"Code": code, "Message": format!("cannot discharge: {message}")});
    not_stored((status, Json(body)).into_response())
}

fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caveat_is_read_from_query_and_form() {
        let with = |id: &[u8], caveat: Option<&[u8]>| Caveat { id: id.to_vec(), caveat: caveat.map(<[u8]>::to_vec) };
        assert_eq!(read(b"caveat64=eHl6&id64=AwA", b"").expect("read"), with(&[3, 0], Some(b"xyz")));
        assert_eq!(read(b"", b"id=abc&token=x").expect("read"), with(b"abc", None));
        assert_eq!(read(b"id64=AwA%3D", b"caveat64=eHl6").expect("read"), with(&[3, 0], Some(b"xyz")));
        for (query, body) in
            [("", ""), ("id=", ""), ("id=a&id=b", ""), ("id=a", "id=b"), ("id=a&id64=AwA", ""), ("id64=!", "")]
        {
            let error = read(query.as_bytes(), body.as_bytes()).expect_err("refused");
            assert_eq!(error.kind(), Kind::BadRequest, "{query} {body}");
        }
    }

    #[test]
    fn what_is_told_of_a_condition_is_short_and_plain() {
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN);
    }
}
