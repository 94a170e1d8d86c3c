//! What the audit log is told: each request, each reply, with the parameters as far as they may be kept.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jimm_store::audit::{Class, Failure, Note, What};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::asked::{Asked, AskedMethod, told};
use super::record::{Origin, Outcome};
use super::{Peer, Services};
use crate::audit::redacted;
use crate::error::{Error, Kind, Result};
use crate::telemetry::Endpoint;

/// Answers that are longer are not searched for what failed in part.
pub(crate) const LONGEST: usize = 64 * 1024;
/// Failures of one answer that are kept, and what is kept of a text.
const FAILURES: usize = 20;
const TEXT: usize = 1000;

/// Waits until there is room for what a request will have to be noted with. Without it, it must not be served.
pub(crate) async fn room(services: &Services) -> Result<()> {
    if services.audit.room().await {
        return Ok(());
    }
    let text = "the audit log takes no entries at the moment, and without it nothing is served: try again later";
    Err(Error::new(Kind::QuotaLimitExceeded, text))
}

/// Notes a request.
pub(crate) fn request(services: &Services, origin: &Origin, asked: &Asked, params: Option<&RawValue>) {
    let queue = &services.audit;
    let class = class(origin, asked);
    // Looks for news are noted when they are answered.
    if asked.is_ping() || asked.waits_for_events() || !queue.wants(class) {
        return;
    }
    let params = params.and_then(|params| redacted(params.get(), asked.method.kept));
    queue.push(class, note(services, origin, asked, What::Asked(params)));
}

/// Notes an answer; `body` is searched for what failed in part.
pub(crate) fn answer(
    services: &Services,
    origin: &Origin,
    asked: &Asked,
    outcome: Outcome<'_>,
    elapsed: Duration,
    body: Option<&RawValue>,
) {
    let queue = &services.audit;
    let class = class(origin, asked);
    if asked.is_ping() || !queue.wants(class) {
        return;
    }
    let failure = failure(outcome, body.map(RawValue::get));
    let elapsed = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let is_look = asked.waits_for_events() && failure.is_none();
    let note = note(services, origin, asked, What::Answered { elapsed, failure });
    if is_look {
        queue.poll(note);
    } else {
        queue.push(class, note);
    }
}

/// An HTTP request.
#[derive(Debug)]
pub(crate) struct HttpCall<'a> {
    pub(crate) peer: &'a Peer,
    /// Who sent it, once known, and how they logged in.
    pub(crate) who: Option<(&'a str, &'static str)>,
    pub(crate) class: Class,
    /// What it does, a name that is ours.
    pub(crate) name: &'a str,
    /// What it is about: a path.
    pub(crate) object: &'a str,
    /// The model, where it is about one.
    pub(crate) model: Option<Uuid>,
    /// Its parameters, JSON.
    pub(crate) params: Option<&'a str>,
    pub(crate) elapsed: Duration,
}

/// Notes an HTTP request and how it was answered.
pub(crate) fn http(services: &Services, call: &HttpCall<'_>, outcome: Outcome<'_>) {
    let mut origin = Origin::new(Endpoint::Proxy, call.peer.clone(), call.model);
    if let Some((name, auth_method)) = call.who {
        origin.set_user(name, auth_method);
    }
    let asked = Asked {
        request_id: 1,
        object_id: told(call.object).into_owned(),
        method: AskedMethod::new(Endpoint::Proxy, "HTTP", 1, &told(call.name)).into(),
    };
    let queue = &services.audit;
    let params = call.params.and_then(|params| redacted(params, asked.method.kept));
    queue.push(call.class, note(services, &origin, &asked, What::Asked(params)));
    let elapsed = u64::try_from(call.elapsed.as_micros()).unwrap_or(u64::MAX);
    let failure = failure(outcome, None);
    queue.push(call.class, note(services, &origin, &asked, What::Answered { elapsed, failure }));
}

fn note(services: &Services, origin: &Origin, asked: &Asked, what: What) -> Note {
    Note {
        time: services.broker.clock.now(),
        origin: Arc::clone(origin.audited()),
        message_id: i64::try_from(asked.request_id).unwrap_or(i64::MAX),
        facade: Arc::clone(&asked.method.facade),
        version: asked.method.version,
        method: Arc::clone(&asked.method.name),
        object_id: asked.object_id.clone(),
        what,
    }
}

/// Of which class a call is. Whoever has not logged in can only try to.
fn class(origin: &Origin, asked: &Asked) -> Class {
    if origin.requester.is_empty() { Class::Login } else { asked.method.class }
}

#[derive(Serialize)]
struct Errors<'a> {
    results: Vec<OneResult<'a>>,
}

#[derive(Deserialize, Serialize)]
struct OneResult<'a> {
    #[serde(borrow)]
    error: Option<OneError<'a>>,
}

#[derive(Default, Deserialize, Serialize)]
struct OneError<'a> {
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    code: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Bulk<'a> {
    #[serde(borrow, default)]
    results: Vec<OneResult<'a>>,
}

/// What went wrong, with the request or with some of what was asked in it.
fn failure(outcome: Outcome<'_>, body: Option<&str>) -> Option<Box<Failure>> {
    let bulk = body.filter(|body| body.len() <= LONGEST && body.contains("\"error\":{"));
    let bulk = bulk.and_then(|body| serde_json::from_str::<Bulk<'_>>(body).ok());
    let mut results: Vec<OneResult<'_>> = bulk.map_or_else(Vec::new, |bulk| bulk.results);
    results.retain(|result| result.error.is_some());
    if outcome.kind.is_empty() && results.is_empty() {
        return None;
    }
    results.truncate(FAILURES);
    let own = OneError { message: outcome.message.into(), code: outcome.code.into() };
    results.push(OneResult { error: Some(own) });
    for error in results.iter_mut().filter_map(|result| result.error.as_mut()) {
        for text in [&mut error.message, &mut error.code] {
            if text.len() > TEXT || text.chars().any(char::is_control) {
                let clean =
                    text.chars().take(TEXT).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
                *text = clean.collect::<String>().into();
            }
        }
    }
    let errors = serde_json::to_string(&Errors { results }).unwrap_or_else(|_| "null".to_owned());
    let outcome = if outcome.kind.is_empty() { "failed-in-part" } else { outcome.kind };
    Some(Box::new(Failure { outcome: outcome.into(), errors }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_in_part_is_told() {
        let fine = Outcome::default();
        assert!(failure(fine, Some(r#"{"results":[{"result":1}]}"#)).is_none());
        let body = r#"{"results":[{},{"error":{"message":"no \n way","code":"x"}},{"result":{}}]}"#;
        let told = failure(fine, Some(body)).expect("a failure");
        assert_eq!(told.outcome, "failed-in-part");
        let expected = "{\"results\":[{\"error\":{\"message\":\"no \u{fffd} way\",\"code\":\"x\"}},{\"error\":{\"message\":\"\",\"code\":\"\"}}]}";
        assert_eq!(told.errors, expected);
        let own = Outcome { kind: "not-found", message: "gone", code: "not found", error: None };
        let told = failure(own, None).expect("a failure");
        assert_eq!((told.outcome.as_ref(), told.errors.contains("gone")), ("not-found", true));
    }
}
