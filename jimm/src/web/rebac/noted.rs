//! What the audit log is told of the administration of rights: what was asked with which body, and how it ended.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::{Method, StatusCode};
use jimm_store::audit::Class;

use super::answers::refusal;
use crate::broker::Requester;
use crate::session::notes::{self, HttpCall};
use crate::session::record::Outcome;
use crate::session::{Peer, Services};

/// Bodies are names and rights.
const LONGEST: usize = 2 << 20;

/// A request, until it is answered.
pub(super) struct Noted {
    peer: Peer,
    who: Requester,
    class: Class,
    name: String,
    path: String,
    body: String,
    began: Instant,
}

impl Noted {
    /// Takes down a request, which is given back; one whose body cannot be had is refused.
    pub(super) async fn of(
        address: SocketAddr,
        request: Request,
        who: &Requester,
    ) -> Result<(Self, Request), Response> {
        let (parts, body) = request.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, LONGEST).await else {
            return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long or was cut off"));
        };
        let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let noted = Self {
            peer: Peer::new(address),
            who: who.clone(),
            class: if matches!(parts.method, Method::GET | Method::HEAD) { Class::Read } else { Class::Change },
            name: format!("{}{}", parts.method, route.unwrap_or_default()),
            path: parts.uri.path().to_owned(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
            began: Instant::now(),
        };
        Ok((noted, Request::from_parts(parts, Body::from(bytes))))
    }

    /// It is answered.
    pub(super) fn answered(&mut self, services: &Services, response: &Response) {
        let call = HttpCall {
            peer: &self.peer,
            who: Some((self.who.name.as_str(), self.who.auth_method)),
            class: self.class,
            name: &self.name,
            object: &self.path,
            model: None,
            params: Some(&self.body).filter(|body| !body.is_empty()).map(String::as_str),
            elapsed: self.began.elapsed(),
        };
        let kind = match response.status().as_u16() {
            200..=399 => "",
            400 | 413 | 415 | 422 => "bad-request",
            401 | 403 => "unauthorized",
            404 => "not-found",
            405 => "not-supported",
            409 => "already-exists",
            _ => "internal",
        };
        let code = response.status();
        notes::http(services, &call, Outcome { kind, message: "", code: code.as_str(), error: None });
    }
}
